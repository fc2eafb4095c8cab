// What graft::text has compiled: the bodies under GRAFT_TEXT_INLINE (core/config.hpp).
#include <graft/checkpoints/open_adapter.hpp>
#include <graft/checkpoints/base/tokenizer_files.hpp>
#include <graft/text.hpp>
