// expect: graft: an optimizer has suit(rate), state_floats(size), settings_for(path), each_setting(f), precondition(model, on) and update(Update<B>, settings)
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
#include <graft/train/trainer.hpp>
using namespace graft;
struct Still {
  static void suit(float) {}
  static constexpr Index state_floats(Index) { return 0; }
  static int settings_for(const std::string&) { return 0; }
  template <class F>
  static void each_setting(F&&) {}
  template <class M, class B>
#if defined(MISTAKE)
  static void precondtion(M&, const B&) {
  }
#else
  static void precondition(M&, const B&) {
  }
#endif
  template <class B>
  static void update(const Update<B>&, int) {}
};
using T = Trainer<Llama<SmolLM2_135M, LoRA<8>, reference>, Still>;
constexpr auto size = sizeof(T);
