# SPDX-License-Identifier: GPL-2.0-only
# The whole repository lies in an ns-3 tree as contrib/heddle: ns-3 takes it for one module, so
# this adds the real ones. Included by the top CMakeLists.txt, which knows ${heddle_modules}.
#
# ns-3 gives every module that it finds itself the variables lib<name> and lib<name>-obj, whose
# values are "lib<name>" up to 3.42 and "<name>" from 3.43. Ours need the same beforehand.
set(heddle_libraries)
foreach(module IN LISTS heddle_modules)
  get_filename_component(name ${module} NAME)
  list(APPEND heddle_libraries heddle-${name})
  if(NOT DEFINED libheddle-${name})
    if(libcore STREQUAL "core")
      set(libheddle-${name} heddle-${name})
    else()
      set(libheddle-${name} libheddle-${name})
    endif()
    set(libheddle-${name}-obj libheddle-${name}-obj)
  endif()
endforeach()
list(APPEND ns3-all-enabled-modules ${heddle_libraries})

# Same digits on every machine; ns-3's optimized profile compiles with -march=native.
add_compile_options(-ffp-contract=off)
foreach(module IN LISTS heddle_modules)
  add_subdirectory(${module})
endforeach()
