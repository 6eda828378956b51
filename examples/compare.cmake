# SPDX-License-Identifier: GPL-2.0-only
execute_process(COMMAND ${PROGRAM} OUTPUT_VARIABLE actual RESULT_VARIABLE code)
file(READ ${EXPECTED} expected)
if(NOT code EQUAL 0 OR NOT actual STREQUAL expected)
  message(FATAL_ERROR "exit ${code}\n--- expected\n${expected}\n--- actual\n${actual}")
endif()
