# qhn_room(NAME [SOURCES a.cpp …] [SIMD b.cpp …] [ROOMS core …] [LIBS …]): one folder of src/ as the
# library qhn_NAME. SIMD are its sources that Highway compiles once for every instruction set; they
# stay out of unity builds. ROOMS are the rooms this one may call; tests/structure checks that the
# #includes agree.
function(qhn_room NAME)
  cmake_parse_arguments(ARG "" "" "SOURCES;SIMD;ROOMS;LIBS" ${ARGN})
  set(visibility INTERFACE)
  if(ARG_SOURCES OR ARG_SIMD)
    add_library(qhn_${NAME} STATIC ${ARG_SOURCES} ${ARG_SIMD})
    set_source_files_properties(${ARG_SIMD} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    set(visibility PUBLIC)
  else()
    add_library(qhn_${NAME} INTERFACE)
  endif()
  target_include_directories(qhn_${NAME} ${visibility} $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>
                                                       $<INSTALL_INTERFACE:include/qhn>)
  target_compile_features(qhn_${NAME} ${visibility} cxx_std_20)
  target_link_libraries(qhn_${NAME} ${visibility} $<BUILD_INTERFACE:qhn_options> ${ARG_LIBS})
  set_property(GLOBAL APPEND PROPERTY QHN_ROOMS ${NAME})
  foreach(room ${ARG_ROOMS})
    target_link_libraries(qhn_${NAME} ${visibility} qhn_${room})
  endforeach()
endfunction()
