find_program(XREF_NPM npm REQUIRED)

# Installs what FOLDER/package-lock.json names; FOLDER/node_modules/.package-lock.json stands for it.
function(xref_node_modules folder comment)
  add_custom_command(
    OUTPUT ${folder}/node_modules/.package-lock.json
    COMMAND ${XREF_NPM} ci --no-audit --no-fund --loglevel=error
    WORKING_DIRECTORY ${folder}
    DEPENDS ${folder}/package.json ${folder}/package-lock.json
    COMMENT ${comment}
    VERBATIM)
endfunction()
