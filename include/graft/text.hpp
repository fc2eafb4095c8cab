/// \file
/// Door of the tower `text`: tokenizers, templates, data sets.
#pragma once

#include <graft/text/chat.hpp>
#include <graft/text/conversation.hpp>
#include <graft/text/dataset.hpp>
#include <graft/text/encode_parts.hpp>
#include <graft/text/example.hpp>
#include <graft/text/formatter.hpp>
#include <graft/text/row_form.hpp>
#include <graft/text/tokenizer.hpp>
#if GRAFT_TEXT_BODIES
#include <graft/text/jinja_template.hpp>
#include <graft/text/tokenizer_gguf.hpp>
#include <graft/text/tokenizer_json.hpp>
#include <graft/text/vocabulary_files.hpp>
#endif
