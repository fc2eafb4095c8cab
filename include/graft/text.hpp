/// \file
/// Door of the tower `text`: tokenizers, templates, data sets.
#pragma once

#include <graft/text/chat/chat.hpp>
#include <graft/text/chat/conversation.hpp>
#include <graft/text/dataset.hpp>
#include <graft/text/encode_parts.hpp>
#include <graft/text/example.hpp>
#include <graft/text/formatter.hpp>
#include <graft/text/row_form.hpp>
#include <graft/text/tokenizers/tokenizer.hpp>
#if defined(GRAFT_TEXT_INLINE)
#include <graft/text/jinja/jinja_template.hpp>
#include <graft/text/tokenizers/tokenizer_gguf.hpp>
#include <graft/text/tokenizers/tokenizer_json.hpp>
#include <graft/text/tokenizers/vocabulary_files.hpp>
#endif
