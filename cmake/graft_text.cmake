# graft::text: tokenizers, chat templates, rows to examples, and readers of models' and adapters' files, compiled once for all programs that link it; without it every
# program compiles them itself.
include_guard(GLOBAL)
add_library(graft_text STATIC EXCLUDE_FROM_ALL "${CMAKE_CURRENT_LIST_DIR}/text.cpp")
add_library(graft::text ALIAS graft_text)
target_link_libraries(graft_text PUBLIC graft::graft)
target_compile_definitions(graft_text PUBLIC GRAFT_TEXT_COMPILED PRIVATE GRAFT_TEXT_SOURCE)
set_target_properties(graft_text PROPERTIES POSITION_INDEPENDENT_CODE ON)
