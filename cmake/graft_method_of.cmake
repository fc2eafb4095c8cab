# cmake -DADAPTER=<adapter_config.json> -DFAMILY=<model_type of its base> -DOUTPUT=<file> -P graft_method_of.cmake: writes the C++ type of the adapter's method.
cmake_policy(VERSION 3.25)
include("${CMAKE_CURRENT_LIST_DIR}/graft_add_model.cmake")
set(_graft_family "${FAMILY}")
graft_method_of(method "${ADAPTER}")
string(REPLACE "graft::" "" method "${method}")
file(WRITE "${OUTPUT}" "${method}")
