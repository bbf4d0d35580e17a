# cmake --install: the program, and every component but cli as a library of find_package(qhn), named
# qhn::core, qhn::engine, …; headers go to include/qhn as they lie in src/.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/qhn)

get_property(components GLOBAL PROPERTY QHN_COMPONENTS)
list(REMOVE_ITEM components cli)
foreach(component ${components})
  set_target_properties(qhn_${component} PROPERTIES EXPORT_NAME ${component})
  install(TARGETS qhn_${component} EXPORT qhn ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/src/${component} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/qhn
          FILES_MATCHING PATTERN *.hpp)
endforeach()
install(TARGETS qhn RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

install(EXPORT qhn NAMESPACE qhn:: FILE qhnTargets.cmake DESTINATION ${package_dir})
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/qhnConfig.cmake
     "# The libraries qhn itself was built with are looked for again; HDF5's search needs C.\n"
     "enable_language(C)\n"
     "include(\${CMAKE_CURRENT_LIST_DIR}/QhnDependencies.cmake)\n"
     "include(\${CMAKE_CURRENT_LIST_DIR}/qhnTargets.cmake)\n")
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/qhnConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/qhnConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/qhnConfigVersion.cmake
              ${CMAKE_CURRENT_SOURCE_DIR}/cmake/QhnDependencies.cmake DESTINATION ${package_dir})
