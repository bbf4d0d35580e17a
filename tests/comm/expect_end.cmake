# Runs COMMAND; what its ranks say in lines that start with "qhn: ", and its exit code, must match
# EXPECTED. What the launcher adds is its own.
execute_process(COMMAND ${COMMAND} ERROR_VARIABLE said OUTPUT_VARIABLE said RESULT_VARIABLE code)
string(REGEX MATCHALL "qhn: [^\n]*" lines "${said}")
list(APPEND lines "exit ${code}")
list(JOIN lines ", " found)
if(NOT found MATCHES "${EXPECTED}")
  message(FATAL_ERROR "found: ${found}\nexpected: ${EXPECTED}\n${said}")
endif()
