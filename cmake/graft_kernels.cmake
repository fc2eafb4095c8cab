# graft::kernels: the kernels of `Cpu`, compiled once for all programs that link it; without it every program compiles those that it uses. Kernels and what calls them
# are compiled for the same instructions: for this machine's CPU with GRAFT_NATIVE, which what links graft::kernels gets from it; otherwise for what CMAKE_CXX_FLAGS say.
# A program that was compiled for others does not link.
include_guard(GLOBAL)
add_library(graft_kernels STATIC EXCLUDE_FROM_ALL "${CMAKE_CURRENT_LIST_DIR}/kernels.cpp")
add_library(graft::kernels ALIAS graft_kernels)
target_link_libraries(graft_kernels PUBLIC graft::graft)
target_compile_definitions(graft_kernels PUBLIC GRAFT_KERNELS_COMPILED PRIVATE GRAFT_KERNELS_SOURCE)
target_compile_options(graft_kernels PUBLIC $<$<BOOL:${GRAFT_NATIVE}>:-march=native> PRIVATE $<$<CONFIG:>:-O2>)
set_target_properties(graft_kernels PROPERTIES POSITION_INDEPENDENT_CODE ON)
