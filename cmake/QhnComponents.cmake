# qhn_arrows("NAME: USED …" …): the components, bottom up, and which others each may use. The table
# stands in src/CMakeLists.txt; the build checks every #include of src/ against it.
function(qhn_arrows)
  set_property(GLOBAL PROPERTY QHN_ARROWS "${ARGV}")
  foreach(arrow ${ARGV})
    string(REGEX MATCH "^([a-z]+):(.*)$" _ ${arrow})
    set(name ${CMAKE_MATCH_1})
    separate_arguments(used UNIX_COMMAND "${CMAKE_MATCH_2}")
    set_property(GLOBAL APPEND PROPERTY QHN_COMPONENTS ${name})
    set_property(GLOBAL PROPERTY QHN_USED_BY_${name} "${used}")
  endforeach()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/*.hpp ${PROJECT_SOURCE_DIR}/src/*.cpp)
  set(stamp ${PROJECT_BINARY_DIR}/arrows_checked)
  add_custom_command(
    OUTPUT ${stamp}
    COMMAND ${CMAKE_COMMAND} -DSRC=${PROJECT_SOURCE_DIR}/src "-DARROWS=${ARGV}" -P
            ${PROJECT_SOURCE_DIR}/cmake/CheckArrows.cmake
    COMMAND ${CMAKE_COMMAND} -E touch ${stamp}
    DEPENDS ${sources} ${PROJECT_SOURCE_DIR}/cmake/CheckArrows.cmake
    COMMENT "Checking who includes whom" VERBATIM)
  add_custom_target(qhn_arrows DEPENDS ${stamp})
endfunction()

# qhn_component(NAME [COMPUTES] [SIMD b.cpp …] [LIBS …]): one folder of src/, every .cpp but
# main.cpp, as the library qhn_NAME. COMPUTES: tests wait for it, so it is optimized under the
# sanitizers too. SIMD are its sources that Highway compiles once for every instruction set; they stay
# out of unity builds.
function(qhn_component NAME)
  cmake_parse_arguments(ARG "COMPUTES" "" "SIMD;LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  add_library(qhn_${NAME} STATIC ${sources})
  set_source_files_properties(${ARG_SIMD} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  target_include_directories(qhn_${NAME} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>
                                                $<INSTALL_INTERFACE:include/qhn>)
  target_compile_features(qhn_${NAME} PUBLIC cxx_std_20)
  if(QHN_SANITIZE AND NOT ARG_COMPUTES)
    target_compile_options(qhn_${NAME} PRIVATE -O0)
  endif()
  target_link_libraries(qhn_${NAME} PUBLIC $<BUILD_INTERFACE:qhn_options> ${ARG_LIBS})
  get_property(used GLOBAL PROPERTY QHN_USED_BY_${NAME})
  foreach(component ${used})
    target_link_libraries(qhn_${NAME} PUBLIC qhn_${component})
  endforeach()
  add_dependencies(qhn_${NAME} qhn_arrows)
endfunction()

# For code whose speed does not matter beside the time that it takes to compile.
function(qhn_optimize_less TARGET)
  if(QHN_SANITIZE)
    target_compile_options(${TARGET} PRIVATE -O0)
  else()
    target_compile_options(${TARGET} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
endfunction()
