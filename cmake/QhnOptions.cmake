# Compiler settings shared by every target.
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# Parsing headers takes most of the time of small batches, and two processes must have work.
set(CMAKE_UNITY_BUILD_BATCH_SIZE 12)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

add_library(qhn_options INTERFACE)
# Contraction would make results depend on the compiler's mood; kernels ask for FMA explicitly.
target_compile_options(qhn_options INTERFACE -Wall -Wextra -Wpedantic -ffp-contract=off)
if(QHN_SANITIZE)
  target_compile_options(qhn_options INTERFACE -fsanitize=${QHN_SANITIZE} -fno-omit-frame-pointer
                                               -fno-sanitize-recover=all)
  target_link_options(qhn_options INTERFACE -fsanitize=${QHN_SANITIZE})
  # GCC's analysis does not see through the sanitizers' checks (it accuses libstdc++'s <regex>).
  target_compile_options(qhn_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
endif()
if(QHN_SANITIZE AND NOT QHN_FUZZ)
  # Sixty large programs are linked: gold takes half the time of ld.
  include(CheckLinkerFlag)
  check_linker_flag(CXX -fuse-ld=gold QHN_HAS_GOLD)
  if(QHN_HAS_GOLD)
    target_link_options(qhn_options INTERFACE -fuse-ld=gold)
  endif()
  # Many tests start the program; without PIE the loader has less to relocate.
  target_compile_options(qhn_options INTERFACE -fno-pie)
  target_link_options(qhn_options INTERFACE -no-pie)
  # The same code is compiled for every instruction set: AVX-512, AVX2 and the lowest are enough.
  target_compile_definitions(qhn_options INTERFACE
    "HWY_DISABLED_TARGETS=(HWY_AVX3_DL|HWY_SSE4|HWY_SSSE3)")
endif()
if(QHN_FUZZ)  # the readers have no kernels: the lowest instruction set is compiled alone
  target_compile_definitions(qhn_options INTERFACE
    "HWY_DISABLED_TARGETS=(HWY_AVX3_DL|HWY_AVX3|HWY_AVX2|HWY_SSE4|HWY_SSSE3)")
endif()
