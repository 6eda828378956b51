# SPDX-License-Identifier: GPL-2.0-only
# A file as an array of bytes: cmake -DIN=… -DOUT=… -DNAME=kName -P embed.cmake
file(READ "${IN}" bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes "${bytes}")
file(WRITE "${OUT}"
  "// Made from ${IN}.\n"
  "#include <cstddef>\n"
  "namespace heddle\n{\n"
  "extern const unsigned char ${NAME}[];\n"
  "extern const std::size_t ${NAME}Size;\n"
  "const unsigned char ${NAME}[] = {\n${bytes}};\n"
  "const std::size_t ${NAME}Size = sizeof ${NAME};\n"
  "} // namespace heddle\n")
