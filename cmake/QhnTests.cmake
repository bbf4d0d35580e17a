# qhn_test(NAME SOURCES … LIBS …): a GoogleTest program run once by ctest. RUNS_QHN: it starts the
# program, QHN_PROGRAM; then the sanitizers check the program and the libraries, not the test's files,
# and QHN_SANITIZED tells these that the program is slow.
# qhn_mpi_test(NAME SOURCES … LIBS … RANKS 1 2 …): the same program once per rank count.
#
# PROCESSORS counts half cores, as tests/run.sh starts ctest with twice the number of cores: tests that
# wait for launchers half of the time take one, others two.
find_package(GTest REQUIRED)

# Tests wait for what they test, which is optimized as ever: their own files compile in half the time.
# OPTIMIZED are those that compute much themselves.
set(QHN_TEST_OPTIONS -O0)

function(qhn_test NAME)
  cmake_parse_arguments(ARG "OPTIMIZED;RUNS_QHN" "TIMEOUT" "SOURCES;LIBS;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  add_executable(${NAME} ${ARG_SOURCES})
  if(NOT ARG_OPTIMIZED)
    target_compile_options(${NAME} PRIVATE ${QHN_TEST_OPTIONS})
  endif()
  if(ARG_RUNS_QHN)
    target_compile_definitions(${NAME} PRIVATE QHN_PROGRAM="$<TARGET_FILE:qhn>")
    add_dependencies(${NAME} qhn)
    if(QHN_SANITIZE)
      target_compile_options(${NAME} PRIVATE -fno-sanitize=all)
      target_compile_definitions(${NAME} PRIVATE QHN_SANITIZED)
    endif()
  endif()
  target_link_libraries(${NAME} PRIVATE ${ARG_LIBS} GTest::gtest GTest::gtest_main)
  add_test(NAME ${NAME} COMMAND ${NAME})
  set_tests_properties(${NAME} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "unit;${ARG_LABELS}" PROCESSORS 2)
endfunction()

# The environment of every test that starts ranks: they oversubscribe a small machine, as root too.
set(QHN_MPI_TEST_ENV "OMP_NUM_THREADS=1;OMPI_ALLOW_RUN_AS_ROOT=1;OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1"
    "OMPI_MCA_rmaps_base_oversubscribe=1;OMPI_MCA_hwloc_base_binding_policy=none"
    "OMPI_MCA_btl_vader_single_copy_mechanism=none;OMPI_MCA_mpi_yield_when_idle=1"
    "OMPI_MCA_orte_tmpdir_base=${PROJECT_BINARY_DIR}/mpi")
# A launcher that ends removes its folder of the user and host if no other run is in it, which fails
# another that begins: Open MPI looks there between making and using it. A folder in it keeps it.
cmake_host_system_information(RESULT host QUERY HOSTNAME)
execute_process(COMMAND id -u OUTPUT_VARIABLE user OUTPUT_STRIP_TRAILING_WHITESPACE)
file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/mpi/ompi.${host}.${user}/keep")

function(qhn_mpi_test NAME)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LIBS;RANKS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  add_executable(${NAME} ${ARG_SOURCES})
  target_compile_options(${NAME} PRIVATE ${QHN_TEST_OPTIONS})
  target_link_libraries(${NAME} PRIVATE ${ARG_LIBS} GTest::gtest MPI::MPI_CXX)
  foreach(ranks ${ARG_RANKS})
    math(EXPR half_cores "2 * ${ranks}")
    add_test(NAME ${NAME}.${ranks}
             COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${ranks} $<TARGET_FILE:${NAME}>)
    set_tests_properties(${NAME}.${ranks} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS mpi
                         ENVIRONMENT "${QHN_MPI_TEST_ENV}" PROCESSORS ${half_cores})
  endforeach()
endfunction()
