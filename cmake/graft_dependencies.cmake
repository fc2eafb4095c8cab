# What graft::graft needs, with the Debian package that has it. Used by the build and by the installed package.
list(APPEND CMAKE_MODULE_PATH "${CMAKE_CURRENT_LIST_DIR}")

macro(_graft_need package debian)
  find_package(${package} QUIET)
  if(NOT ${package}_FOUND)
    message(FATAL_ERROR "graft needs ${package}. On Debian: apt-get install ${debian}")
  endif()
endmacro()

_graft_need(Eigen3 libeigen3-dev)
_graft_need(Xsimd libxsimd-dev)
_graft_need(nlohmann_json nlohmann-json3-dev)
_graft_need(PCRE2 libpcre2-dev)
find_package(OpenMP QUIET COMPONENTS CXX)
if(NOT OpenMP_CXX_FOUND)
  message(STATUS "graft: no OpenMP: kernels run on one thread")
endif()

# Optional: dense products of floats through oneDNN (backend/onednn/onednn_cpu.hpp). Link graft::onednn. Searched for by hand:
# Debian's own package file asks for OpenCL as well.
find_path(DNNL_INCLUDE_DIR dnnl.h)
find_library(DNNL_LIBRARY dnnl)
mark_as_advanced(DNNL_INCLUDE_DIR DNNL_LIBRARY)
if(DNNL_INCLUDE_DIR AND DNNL_LIBRARY)
  if(NOT TARGET graft::onednn)
    add_library(graft::onednn INTERFACE IMPORTED GLOBAL)
    target_include_directories(graft::onednn SYSTEM INTERFACE "${DNNL_INCLUDE_DIR}")
    target_link_libraries(graft::onednn INTERFACE graft::graft "${DNNL_LIBRARY}")
  endif()
else()
  message(STATUS "graft: no oneDNN (Debian: libdnnl-dev): there is no target graft::onednn")
endif()
