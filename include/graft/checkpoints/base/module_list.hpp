/// \file
/// The list of a model's modules, which its family fills (checkpoints/families/).
#pragma once

#include <graft/checkpoints/families/family.hpp>

namespace graft {

enum class ModuleKind { linear, embedding, norm, group };

struct Module {
  std::string path;           ///< "model.layers.0.self_attn.q_proj"
  std::string_view site{};    ///< "Query"; empty where graft has no layer of its own for it
  std::ptrdiff_t block = -1;  ///< of T5's decoder counted on from the encoder's last; −1: outside of blocks
  ModuleKind kind = ModuleKind::linear;
  Index out = 0, in = 0;
  bool bias = false;
};

/// What a family adds its modules to. `config` must outlive it.
class ModuleList {
 public:
  [[gnu::cold]] explicit ModuleList(const StatedConfig& config) : config_(config), task_(task_of(config)) {}

  [[nodiscard]] const StatedConfig& config() const { return config_; }
  [[nodiscard]] Task task() const { return task_; }
  /// What the names of a decoder's modules begin with.
  [[nodiscard]] std::string root() const {
    const auto& family = family_of(config_);
    return std::string(task_ == Task::answer ? family.answering_root : family.root);
  }
  [[nodiscard]] std::vector<Module> list() && { return std::move(all_); }

  void add(Module module) { all_.push_back(std::move(module)); }
  void linear(const std::string& path, std::string_view site, std::ptrdiff_t block, Index out, Index in, bool bias) {
    add({path, site, block, ModuleKind::linear, out, in, bias});
  }
  void embedding(const std::string& path, std::string_view site, Index rows) {
    add({path, site, -1, ModuleKind::embedding, rows, config_.width, false});
  }
  void norm(const std::string& path, std::string_view site, std::ptrdiff_t block, bool bias) {
    add({path, site, block, ModuleKind::norm, config_.width, 0, bias});
  }
  /// What a decoder has behind its last block, under the names of its task.
  void decoder_head(const char* of_tokens) {
    const Index width = config_.width;
    if (task_ == Task::text_class) linear("score", "Head", -1, config_.classes, width, false);
    else if (task_ == Task::token_class) linear(of_tokens, "Head", -1, config_.classes, width, true);
    else if (task_ == Task::answer) linear("qa_outputs", "Head", -1, 2, width, true);
    else linear("lm_head", "Head", -1, config_.vocabulary, width, false);
  }

 private:
  const StatedConfig& config_;
  Task task_;
  std::vector<Module> all_;
};

}  // namespace graft
