# cmake --install: the program, and every room but app as a library of find_package(qhn), named
# qhn::core, qhn::gradient, …; headers go to include/qhn as they lie in src/.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/qhn)

get_property(rooms GLOBAL PROPERTY QHN_ROOMS)
list(REMOVE_ITEM rooms app)
foreach(room ${rooms})
  set_target_properties(qhn_${room} PROPERTIES EXPORT_NAME ${room})
  install(TARGETS qhn_${room} EXPORT qhn ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/src/${room} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/qhn
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
