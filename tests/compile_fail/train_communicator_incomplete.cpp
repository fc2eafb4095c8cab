// expect: graft: a communicator has rank(), ranks(), sum(floats, count, B{}) and sum(numbers)
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
#include <graft/train/trainer.hpp>
using namespace graft;
struct Mute {
  static Index rank() { return 0; }
  static Index ranks() { return 1; }
  template <class B>
  static void sum(Pointer<B>, Index, B) {}
#if defined(MISTAKE)
  static void add(std::span<double>) {}
#else
  static void sum(std::span<double>) {}
#endif
};
using T = Trainer<Llama<SmolLM2_135M, LoRA<8>, reference>, AdamW, Mute>;
constexpr auto size = sizeof(T);
