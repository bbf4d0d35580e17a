# Run at every build: writes OUTPUT from INPUT with the commit of SOURCE_DIR and whether tracked
# files differ from it. configure_file leaves an unchanged file alone, so nothing is rebuilt
# needlessly.
set(QHN_GIT_COMMIT unknown)
set(QHN_GIT_DIRTY unknown)
find_program(GIT git)
# Only a checkout of this project counts, not a repository around an unpacked archive.
if(GIT AND EXISTS ${SOURCE_DIR}/.git)
  execute_process(COMMAND ${GIT} rev-parse HEAD WORKING_DIRECTORY ${SOURCE_DIR}
                  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE
                  ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed)
    set(QHN_GIT_COMMIT ${commit})
    execute_process(COMMAND ${GIT} --no-optional-locks status --porcelain --untracked-files=no
                    WORKING_DIRECTORY ${SOURCE_DIR} OUTPUT_VARIABLE changes
                    ERROR_QUIET RESULT_VARIABLE failed)
    if(NOT failed AND changes STREQUAL "")
      set(QHN_GIT_DIRTY no)
    elseif(NOT failed)
      set(QHN_GIT_DIRTY yes)
    endif()
  endif()
endif()
configure_file(${INPUT} ${OUTPUT} @ONLY)
