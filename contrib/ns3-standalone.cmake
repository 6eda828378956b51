# SPDX-License-Identifier: GPL-2.0-only
# Lets an unmodified ns-3 contrib module build against an *installed* ns-3.
#
#   cmake -S . -B build                                        Debian/Ubuntu package
#   cmake -S . -B build -Dns3_DIR=<prefix>/lib/cmake/ns3       ns-3 you installed (3.40 or later)
#
# The Debian package is imported library by library instead of through its
# ns3Config.cmake, because that file (libns3-dev 3.37-2)
#   * names three setuid helpers that only the `ns3` package ships, and stops
#     with FATAL_ERROR when they are absent, even under QUIET;
#   * puts /usr, /usr/include/libxml2 and /usr/include/python3.11 on the include path;
#   * does not export NS3_LOG_ENABLE although the libraries were built with it,
#     which changes sizeof(ns3::UdpClient) between caller and library.
include_guard(GLOBAL)

macro(ns3_locate)
  if(ns3_DIR)
    find_package(ns3 REQUIRED CONFIG)
    set(NS3_VERSION "${ns3_VERSION}")
  else()
    find_path(NS3_INCLUDE_DIR ns3/core-module.h REQUIRED)
    file(STRINGS "${NS3_INCLUDE_DIR}/ns3/version-defines.h" _lines REGEX "NS3_VERSION_(MAJOR|MINOR) ")
    foreach(_line IN LISTS _lines)
      if(_line MATCHES "NS3_VERSION_(MAJOR|MINOR) +([0-9]+)")
        set(_ns3_${CMAKE_MATCH_1} "${CMAKE_MATCH_2}")
      endif()
    endforeach()
    set(NS3_VERSION "${_ns3_MAJOR}.${_ns3_MINOR}")
  endif()
  # ns-3's headers need this much C++; g++ rejects the 3.37 headers under C++20.
  if(NOT CMAKE_CXX_STANDARD)
    if(NS3_VERSION MATCHES "dev")
      set(CMAKE_CXX_STANDARD 23)
    elseif(NS3_VERSION VERSION_LESS 3.41)
      set(CMAKE_CXX_STANDARD 17)
    elseif(NS3_VERSION VERSION_LESS 3.46)
      set(CMAKE_CXX_STANDARD 20)
    else()
      set(CMAKE_CXX_STANDARD 23)
    endif()
  endif()
  set(CMAKE_CXX_STANDARD_REQUIRED ON)
  set(CMAKE_CXX_EXTENSIONS OFF)
endmacro()

# ns3_import(core network): defines ${libcore} ${libnetwork} as ns-3's own build does.
function(ns3_import)
  foreach(m IN LISTS ARGN)
    if(TARGET ns3::${m})            # ns-3.43 and later
      set(lib${m} ns3::${m} PARENT_SCOPE)
    elseif(TARGET ns3::lib${m})     # ns-3.36 to 3.42
      set(lib${m} ns3::lib${m} PARENT_SCOPE)
    else()
      find_library(NS3_${m}_LIBRARY NAMES ns3-${m} REQUIRED)
      add_library(ns3::${m} SHARED IMPORTED GLOBAL)
      set_target_properties(ns3::${m} PROPERTIES
        IMPORTED_LOCATION "${NS3_${m}_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${NS3_INCLUDE_DIR}"
        INTERFACE_COMPILE_DEFINITIONS NS3_LOG_ENABLE)
      set(lib${m} ns3::${m} PARENT_SCOPE)
    endif()
  endforeach()
endfunction()

# Same arguments as ns-3's build_lib(), so contrib/<module>/CMakeLists.txt is shared.
function(build_lib)
  cmake_parse_arguments(B "IGNORE_PCH;GENERATE_EXPORT_HEADER" "LIBNAME"
    "SOURCE_FILES;HEADER_FILES;PRIVATE_HEADER_FILES;LIBRARIES_TO_LINK;TEST_SOURCES;TEST_LIBRARIES_TO_LINK" ${ARGN})
  set(inc "${CMAKE_BINARY_DIR}/include")
  set(umbrella "#pragma once\n")
  foreach(h IN LISTS B_HEADER_FILES)
    get_filename_component(n "${h}" NAME)
    file(CONFIGURE OUTPUT "${inc}/ns3/${n}" CONTENT "#include \"${CMAKE_CURRENT_SOURCE_DIR}/${h}\"\n" @ONLY)
    string(APPEND umbrella "#include \"ns3/${n}\"\n")
    install(FILES "${h}" DESTINATION include/ns3)
  endforeach()
  file(CONFIGURE OUTPUT "${inc}/ns3/${B_LIBNAME}-module.h" CONTENT "${umbrella}" @ONLY)
  install(FILES "${inc}/ns3/${B_LIBNAME}-module.h" DESTINATION include/ns3)
  # SHARED, never STATIC: a static archive drops every object file that only registers a TypeId.
  add_library(${B_LIBNAME} SHARED ${B_SOURCE_FILES})
  set_target_properties(${B_LIBNAME} PROPERTIES OUTPUT_NAME "${B_LIBNAME}")
  target_include_directories(${B_LIBNAME} PUBLIC "$<BUILD_INTERFACE:${inc}>" "$<INSTALL_INTERFACE:include>")
  target_link_libraries(${B_LIBNAME} PUBLIC ${B_LIBRARIES_TO_LINK})
  target_link_options(${B_LIBNAME} INTERFACE "LINKER:--no-as-needed")
  install(TARGETS ${B_LIBNAME} EXPORT ${PROJECT_NAME}Targets)
  set(lib${B_LIBNAME} ${B_LIBNAME} PARENT_SCOPE)
  set(lib${B_LIBNAME} ${B_LIBNAME})
  if(BUILD_TESTING AND B_TEST_SOURCES)
    file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/ns3-test-runner.cc"
      CONTENT "#include \"ns3/test.h\"\nint main(int c, char** v) { return ns3::TestRunner::Run(c, v); }\n" @ONLY)
    add_executable(${B_LIBNAME}-test "${CMAKE_BINARY_DIR}/ns3-test-runner.cc" ${B_TEST_SOURCES})
    target_compile_definitions(${B_LIBNAME}-test PRIVATE NS_TEST_SOURCEDIR="${CMAKE_CURRENT_SOURCE_DIR}/test")
    target_link_libraries(${B_LIBNAME}-test PRIVATE ${B_LIBNAME} ${B_TEST_LIBRARIES_TO_LINK})
    add_test(NAME ${B_LIBNAME}.suite COMMAND ${B_LIBNAME}-test --suite=${B_LIBNAME} --verbose)
  endif()
  if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/examples/CMakeLists.txt")
    add_subdirectory(examples)
  endif()
endfunction()

function(build_lib_example)
  cmake_parse_arguments(E "IGNORE_PCH" "NAME" "SOURCE_FILES;HEADER_FILES;LIBRARIES_TO_LINK" ${ARGN})
  add_executable(${E_NAME} ${E_SOURCE_FILES})
  target_link_libraries(${E_NAME} PRIVATE ${E_LIBRARIES_TO_LINK})
endfunction()

# GoogleTest files (*_test.cc) beside the code of a module become one program, one ctest entry.
function(heddle_unit_tests dir lib)
  file(GLOB_RECURSE tests CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/${dir}/*_test.cc")
  if(BUILD_TESTING AND tests)
    add_executable(${lib}-unit ${tests})
    target_link_libraries(${lib}-unit PRIVATE ${lib} GTest::gtest_main)
    add_test(NAME ${lib}.unit COMMAND ${lib}-unit)
    set_tests_properties(${lib}.unit PROPERTIES LABELS fast)
  endif()
endfunction()
