# Writes OUTPUT, a C++ file that has the bytes of files in it. FILES are found by their names, those of
# the folder DIST, where one is given, by their paths there.
set(paths "")
foreach(file ${FILES})
  get_filename_component(name ${file} NAME)
  list(APPEND paths "/${name}|${file}")
endforeach()
if(DIST)
  file(GLOB_RECURSE files RELATIVE ${DIST} ${DIST}/*)
  foreach(file ${files})
    list(APPEND paths "/${file}|${DIST}/${file}")
  endforeach()
endif()

set(symbols "")
set(entries "")
set(number 0)
foreach(pair ${paths})
  string(REPLACE "|" ";" pair "${pair}")
  list(GET pair 0 path)
  list(GET pair 1 file)
  file(SHA256 ${file} digest)
  string(SUBSTRING ${digest} 0 16 digest)
  string(APPEND symbols
    "asm(\".section .rodata\\n\"\n    \"xref_asset_${number}: .incbin \\\"${file}\\\"\\n\"\n"
    "    \"xref_asset_${number}_end: .previous\\n\");\n"
    "extern const char asset_${number}[] asm(\"xref_asset_${number}\");\n"
    "extern const char asset_${number}_end[] asm(\"xref_asset_${number}_end\");\n")
  string(APPEND entries
    "    {\"${path}\", {asset_${number}, asset_${number}_end}, \"${digest}\"},\n")
  math(EXPR number "${number} + 1")
endforeach()

file(WRITE ${OUTPUT} "#include \"console/assets.h\"

namespace xref::console {

${symbols}
static const Asset kAssets[] = {
${entries}};

std::span<const Asset> Assets() { return kAssets; }

}  // namespace xref::console
")
