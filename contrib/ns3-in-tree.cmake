# SPDX-License-Identifier: GPL-2.0-only
# The whole repository lies in an ns-3 tree as contrib/heddle: ns-3 takes it for one module, so
# this adds the real ones. Included by the top CMakeLists.txt, which knows ${heddle_modules}.
#
# ns-3 gives every module that it finds itself the variables lib<name> and lib<name>-obj. Ours need
# the same beforehand.
set(heddle_libraries)
foreach(module IN LISTS heddle_modules)
  get_filename_component(name ${module} NAME)
  list(APPEND heddle_libraries heddle-${name})
  library_target_name(heddle-${name} target)
  set(libheddle-${name} ${target})
  set(libheddle-${name}-obj ${target}-obj)
endforeach()
list(APPEND ns3-all-enabled-modules ${heddle_libraries})

# Same digits on every machine; ns-3's optimized profile compiles with -march=native.
add_compile_options(-ffp-contract=off)
foreach(module IN LISTS heddle_modules)
  add_subdirectory(${module})
endforeach()
