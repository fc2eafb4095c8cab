# Installing, so that find_package(graft) works.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(graft_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/graft")
install(TARGETS graft graft_core EXPORT graftTargets FILE_SET HEADERS)
install(EXPORT graftTargets NAMESPACE graft:: DESTINATION "${graft_package_dir}")
file(WRITE "${PROJECT_BINARY_DIR}/graftConfig.cmake"
     "include(\${CMAKE_CURRENT_LIST_DIR}/graft_dependencies.cmake)\ninclude(\${CMAKE_CURRENT_LIST_DIR}/graftTargets.cmake)\ninclude(\${CMAKE_CURRENT_LIST_DIR}/graft_add_model.cmake)\ninclude(\${CMAKE_CURRENT_LIST_DIR}/graft_text.cmake)\ninclude(\${CMAKE_CURRENT_LIST_DIR}/graft_kernels.cmake)\ninclude(\${CMAKE_CURRENT_LIST_DIR}/graft_instances.cmake)\n")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/graftConfigVersion.cmake" COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES "${PROJECT_BINARY_DIR}/graftConfig.cmake" "${PROJECT_BINARY_DIR}/graftConfigVersion.cmake" "${PROJECT_SOURCE_DIR}/cmake/graft_add_model.cmake" "${PROJECT_SOURCE_DIR}/cmake/graft_describe.cpp"
              "${PROJECT_SOURCE_DIR}/cmake/graft_text.cmake" "${PROJECT_SOURCE_DIR}/cmake/text.cpp" "${PROJECT_SOURCE_DIR}/cmake/graft_kernels.cmake" "${PROJECT_SOURCE_DIR}/cmake/kernels.cpp" "${PROJECT_SOURCE_DIR}/cmake/graft_instances.cmake" "${PROJECT_SOURCE_DIR}/cmake/graft_c.cpp" "${PROJECT_SOURCE_DIR}/cmake/instance.cpp.in" "${PROJECT_SOURCE_DIR}/cmake/instances.cpp.in"
              "${PROJECT_SOURCE_DIR}/cmake/graft_dependencies.cmake" "${PROJECT_SOURCE_DIR}/cmake/FindPCRE2.cmake" "${PROJECT_SOURCE_DIR}/cmake/FindXsimd.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/FindUtf8proc.cmake" "${PROJECT_SOURCE_DIR}/cmake/FindSentencePiece.cmake"
        DESTINATION "${graft_package_dir}")
