# cmake --install: the program, and every component but cli as a library of find_package(qhn), named
# qhn::core, qhn::engine, …; headers go to include/qhn as they lie in src/.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/qhn)

get_property(components GLOBAL PROPERTY QHN_COMPONENTS)
list(REMOVE_ITEM components cli)
set(used_by "")
foreach(component ${components})
  set_target_properties(qhn_${component} PROPERTIES EXPORT_NAME ${component})
  install(TARGETS qhn_${component} EXPORT qhn_${component}
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT qhn_${component} NAMESPACE qhn:: FILE qhn-${component}.cmake
          DESTINATION ${package_dir})
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/src/${component} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/qhn
          FILES_MATCHING PATTERN *.hpp)
  get_property(used GLOBAL PROPERTY QHN_USED_BY_${component})
  string(APPEND used_by "set(_qhn_used_by_${component} ${used})\n")
endforeach()
install(TARGETS qhn RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
# For `qhn report`, which looks for it there.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/analysis DESTINATION ${CMAKE_INSTALL_DATADIR}/qhn
        USE_SOURCE_PERMISSIONS
        PATTERN __pycache__ EXCLUDE PATTERN "*.egg-info" EXCLUDE)

configure_file(${PROJECT_SOURCE_DIR}/cmake/qhnConfig.cmake.in
               ${CMAKE_CURRENT_BINARY_DIR}/qhnConfig.cmake @ONLY)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/qhnConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/qhnConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/qhnConfigVersion.cmake
              ${CMAKE_CURRENT_SOURCE_DIR}/cmake/QhnDependencies.cmake DESTINATION ${package_dir})
