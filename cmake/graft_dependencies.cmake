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
