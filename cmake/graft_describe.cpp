// graft_describe <config.json or .gguf> [<namespace> [<method> [<task>]]]: the types of a model as a C++ header.
#include <graft/checkpoints/stated_config.hpp>

#include <cstdio>

int main(int argc, char** argv) {
  try {
    if (argc < 2) graft::fail("usage: graft_describe <config.json or .gguf> [<namespace> [<method> [<task>]]]");
    const std::filesystem::path path = argv[1];
    auto config = graft::stated_config(path);
    if (argc > 4 && *argv[4] != 0) config.architecture = argv[4];
    std::fputs(graft::model_header(config, argc > 2 ? argv[2] : "model", argc > 3 ? argv[3] : "graft::FrozenBase", path.string()).c_str(), stdout);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
