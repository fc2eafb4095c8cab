// The reader of adapters' configs, compiled once for all who test with it.
#include "checkpoints/peft/configs.hpp"

#include <graft/checkpoints/peft/peft_config.hpp>

namespace made {

std::string method_of(const std::string& text, const graft::StatedConfig& model, const graft::TensorMap* tensors) {
  const auto modules = graft::modules_of(model);
  const graft::AdapterConfig config{
      .source = "adapter_config.json", .text = text, .json = Json::parse(text), .tensors = tensors};
  return graft::type_text(graft::PeftConfig(config, model, modules).read().method);
}

void refuses_adapter(const std::string& text, const char* words, const graft::StatedConfig& model,
                     const graft::TensorMap* tensors) {
  const auto error = error_of([&] { method_of(text, model, tensors); });
  BOOST_TEST(error.find(words) != std::string::npos, words << ": " << error);
}

graft::TensorMap tensors(const std::vector<std::pair<std::string, std::vector<Index>>>& shapes) {
  graft::TensorMap all;
  for (const auto& [name, shape] : shapes)
    all[name] = {.type = graft::ElementType::F32, .type_name = "F32", .shape = shape};
  return all;
}

}  // namespace made
