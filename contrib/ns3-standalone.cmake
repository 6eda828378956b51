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
    find_path(NS3_INCLUDE_DIR ns3/core-module.h)
    if(NOT NS3_INCLUDE_DIR)
      message(FATAL_ERROR "ns-3 not found: install libns3-dev (Debian, Ubuntu), or give "
                          "-Dns3_DIR=<prefix>/lib/cmake/ns3 of an ns-3 you installed.")
    endif()
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

# Same arguments as ns-3's build_lib(), so that a module's CMakeLists.txt serves both.
function(build_lib)
  cmake_parse_arguments(B "IGNORE_PCH;GENERATE_EXPORT_HEADER" "LIBNAME"
    "SOURCE_FILES;HEADER_FILES;PRIVATE_HEADER_FILES;LIBRARIES_TO_LINK;TEST_SOURCES;TEST_LIBRARIES_TO_LINK" ${ARGN})
  heddle_forward_headers(${B_LIBNAME} ${B_HEADER_FILES})
  # SHARED, never STATIC: a static archive drops every object file that only registers a TypeId.
  add_library(${B_LIBNAME} SHARED ${B_SOURCE_FILES})
  set_target_properties(${B_LIBNAME} PROPERTIES
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  target_include_directories(${B_LIBNAME} PUBLIC
    "$<BUILD_INTERFACE:${CMAKE_BINARY_DIR}/include>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  target_link_libraries(${B_LIBNAME} PUBLIC ${B_LIBRARIES_TO_LINK})
  # A program that names a class only by its TypeId's string uses no symbol of the library.
  target_link_options(${B_LIBNAME} INTERFACE "LINKER:--no-as-needed")
  install(TARGETS ${B_LIBNAME} EXPORT ${PROJECT_NAME}Targets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  set(lib${B_LIBNAME} ${B_LIBNAME} PARENT_SCOPE)
  if(BUILD_TESTING AND B_TEST_SOURCES)
    heddle_suite_tests(${B_LIBNAME} "${B_TEST_SOURCES}" "${B_TEST_LIBRARIES_TO_LINK}")
  endif()
endfunction()

# Every header can be included as "ns3/<name>", as in ns-3; installed it lies there.
function(heddle_forward_headers lib)
  set(inc "${CMAKE_BINARY_DIR}/include/ns3")
  set(umbrella "#pragma once\n")
  foreach(header IN LISTS ARGN)
    get_filename_component(name "${header}" NAME)
    file(CONFIGURE OUTPUT "${inc}/${name}"
      CONTENT "#include \"${CMAKE_CURRENT_SOURCE_DIR}/${header}\"\n" @ONLY)
    string(APPEND umbrella "#include \"ns3/${name}\"\n")
    install(FILES "${header}" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/ns3)
  endforeach()
  file(CONFIGURE OUTPUT "${inc}/${lib}-module.h" CONTENT "${umbrella}" @ONLY)
  install(FILES "${inc}/${lib}-module.h" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/ns3)
endfunction()

# The ns3::TestSuites of a module (their names begin with the module's) become one program.
function(heddle_suite_tests lib sources libraries)
  set(runner "${CMAKE_BINARY_DIR}/ns3-test-runner.cc")
  file(CONFIGURE OUTPUT "${runner}"
    CONTENT "#include \"ns3/test.h\"\nint main(int c, char** v) { return ns3::TestRunner::Run(c, v); }\n" @ONLY)
  add_executable(${lib}-test "${runner}" ${sources})
  target_compile_definitions(${lib}-test PRIVATE NS_TEST_SOURCEDIR="${CMAKE_CURRENT_SOURCE_DIR}/test")
  target_link_libraries(${lib}-test PRIVATE ${lib} ${libraries})
  add_test(NAME ${lib}.suite COMMAND ${lib}-test --suite=${lib} --verbose)
  set_tests_properties(${lib}.suite PROPERTIES LABELS fast)
endfunction()

# GoogleTest files (*_test.cc) beside the code of a module become one program, one ctest entry.
function(heddle_unit_tests dir lib)
  if(NOT BUILD_TESTING)
    return()
  endif()
  file(GLOB_RECURSE tests CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/${dir}/*_test.cc")
  if(tests)
    add_executable(${lib}-unit ${tests})
    target_link_libraries(${lib}-unit PRIVATE ${lib} GTest::gtest_main)
    add_test(NAME ${lib}.unit COMMAND ${lib}-unit)
    if(NOT TARGET heddle-unit-tests)
      add_custom_target(heddle-unit-tests) # the ns-3-free ones
    endif()
    add_dependencies(heddle-unit-tests ${lib}-unit)
    set_tests_properties(${lib}.unit PROPERTIES LABELS fast)
  endif()
endfunction()

# find_package(heddle) for other projects: heddle::heddle-base … heddle::heddle-training.
function(heddle_install_package)
  set(dir ${CMAKE_INSTALL_LIBDIR}/cmake/${PROJECT_NAME})
  include(CMakePackageConfigHelpers)
  file(CONFIGURE OUTPUT ${PROJECT_NAME}Config.cmake @ONLY CONTENT [[
include("${CMAKE_CURRENT_LIST_DIR}/ns3-standalone.cmake")
ns3_locate()
ns3_import(core network)
include("${CMAKE_CURRENT_LIST_DIR}/@PROJECT_NAME@Targets.cmake")
]])
  write_basic_package_version_file(${PROJECT_NAME}ConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES
      "${CMAKE_CURRENT_BINARY_DIR}/${PROJECT_NAME}Config.cmake"
      "${CMAKE_CURRENT_BINARY_DIR}/${PROJECT_NAME}ConfigVersion.cmake"
      "${CMAKE_SOURCE_DIR}/contrib/ns3-standalone.cmake"
    DESTINATION ${dir})
  install(EXPORT ${PROJECT_NAME}Targets NAMESPACE ${PROJECT_NAME}:: DESTINATION ${dir})
endfunction()
