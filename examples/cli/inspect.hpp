// graft inspect: what a model or an adapter is, which keys of its config are used, and what would be refused. Nothing
// is compiled for it.
#pragma once

#include <filesystem>

namespace cli {

struct InspectOptions {
  std::filesystem::path path, model;
  bool tensors = false, json = false;
};
/// Prints what a file or folder is; yields the exit status: 1 where anything of it would be refused.
int inspect(const InspectOptions& options);
/// The table of keys of adapters' configs, for docs/files.md.
void print_key_table(bool json);

}  // namespace cli
