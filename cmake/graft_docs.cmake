# The target `docs` and the test of the same name: Doxygen over the public headers and pages, into <build>/docs. What is
# not documented, or links to nothing, fails both.
find_package(Doxygen QUIET)
find_package(Python3 QUIET COMPONENTS Interpreter)
if(NOT DOXYGEN_FOUND OR NOT Python3_FOUND)
  message(STATUS "graft: no Doxygen or no Python: no target docs and no test of it (on Debian: apt-get install doxygen python3)")
  return()
endif()
set(graft_docs_command ${CMAKE_COMMAND} -E env "GRAFT_DOCS=${PROJECT_BINARY_DIR}/docs" "GRAFT_PYTHON=${Python3_EXECUTABLE}" ${DOXYGEN_EXECUTABLE} docs/Doxyfile)
add_custom_target(docs COMMAND ${graft_docs_command} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}" VERBATIM
                  COMMENT "Doxygen: ${PROJECT_BINARY_DIR}/docs/html/index.html")
if(GRAFT_BUILD_TESTS)
  add_test(NAME docs COMMAND ${graft_docs_command} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties(docs PROPERTIES LABELS house TIMEOUT 300)
endif()
