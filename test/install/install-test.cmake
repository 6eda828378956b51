# SPDX-License-Identifier: GPL-2.0-only
# cmake -P script of the test "install".
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "failed (${status}): ${ARGN}")
  endif()
endfunction()

file(REMOVE_RECURSE "${WORK_DIR}")
run("${CMAKE_COMMAND}" --install "${BUILD_DIR}" --prefix "${WORK_DIR}/prefix")
set(arguments "-DCMAKE_PREFIX_PATH=${WORK_DIR}/prefix" "-DCMAKE_CXX_COMPILER=${COMPILER}")
if(ns3_DIR)
  list(APPEND arguments "-Dns3_DIR=${ns3_DIR}")
endif()
run("${CMAKE_COMMAND}" -G "${GENERATOR}" -S "${SOURCE_DIR}" -B "${WORK_DIR}/build" ${arguments})
run("${CMAKE_COMMAND}" --build "${WORK_DIR}/build")

# The whole output is the oracle: the order of events is a promise.
execute_process(COMMAND "${WORK_DIR}/build/foreign" OUTPUT_VARIABLE actual RESULT_VARIABLE status)
set(expected "typed 100\nordinary 100\nordinary 250\ntyped 300\n")
if(NOT status EQUAL 0 OR NOT actual STREQUAL expected)
  message(FATAL_ERROR "status ${status}\nexpected:\n${expected}actual:\n${actual}")
endif()
