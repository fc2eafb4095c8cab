#include "backend/agrees.hpp"
#include "backend/guarded.hpp"

#include <graft/backend.hpp>
#include <graft/backend/xsimd/xsimd_cpu.hpp>

#include <csetjmp>
#include <csignal>

using namespace graft;
using namespace graft::backend;

/// What a part of the judge finds of all backends.
template <template <class> class Part>
void agree() {
  agrees(Part<eigen_cpu>::results(), "eigen");
  agrees(Part<xsimd_cpu>::results(), "xsimd");
  agrees(Part<guarded>::results(), "guarded");
}

BOOST_AUTO_TEST_SUITE(backend_check_pointwise)
template <class B>
struct Part {
  static std::vector<BackendCheck> results() {
    Checker<B> c;
    check_pointwise<float>(c);
    check_pointwise<Bfloat16>(c);
    return c.results;
  }
};
BOOST_AUTO_TEST_CASE(every_kernel) { agree<Part>(); }
BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(backend_check_products)
template <class B>
struct Part {
  static std::vector<BackendCheck> results() {
    Checker<B> c;
    check_products<float>(c);
    check_products<Bfloat16>(c);
    check_trained_products(c);
    return c.results;
  }
};
BOOST_AUTO_TEST_CASE(every_kernel) { agree<Part>(); }
BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(backend_check_attention)
template <class B>
struct Part {
  static std::vector<BackendCheck> results() {
    Checker<B> c;
    check_attention<float>(c);
    check_attention<Bfloat16>(c);
    return c.results;
  }
};
BOOST_AUTO_TEST_CASE(every_kernel) { agree<Part>(); }
BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(backend_check_norms)
template <class B>
struct Part {
  static std::vector<BackendCheck> results() {
    Checker<B> c;
    check_norms<float>(c);
    check_norms<Bfloat16>(c);
    return c.results;
  }
};
BOOST_AUTO_TEST_CASE(every_kernel) { agree<Part>(); }
BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(backend_check_rows)
template <class B>
struct Part {
  static std::vector<BackendCheck> results() {
    Checker<B> c;
    check_rows<float>(c);
    check_rows<Bfloat16>(c);
    check_numbers(c);
    return c.results;
  }
};
BOOST_AUTO_TEST_CASE(every_kernel) { agree<Part>(); }
BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(backend_check_losses)
template <class B>
struct Part {
  static std::vector<BackendCheck> results() {
    Checker<B> c;
    check_losses(c);
    return c.results;
  }
};
BOOST_AUTO_TEST_CASE(every_kernel) { agree<Part>(); }
BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(backend_check_updates)
template <class B>
struct Part {
  static std::vector<BackendCheck> results() {
    Checker<B> c;
    check_updates(c);
    return c.results;
  }
};
BOOST_AUTO_TEST_CASE(every_kernel) { agree<Part>(); }
BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(backend_check_weights)
template <class B>
struct Part {
  static std::vector<BackendCheck> results() {
    Checker<B> c;
    check_rotations<float>(c);
    check_rotations<Bfloat16>(c);
    check_weights(c);
    return c.results;
  }
};
BOOST_AUTO_TEST_CASE(every_kernel) { agree<Part>(); }
BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(backend_check_backend)

template <class B>
struct Whole {
  static std::vector<BackendCheck> results() { return check_backend<B>(); }
};
BOOST_AUTO_TEST_CASE(all_of_them) { agree<Whole>(); }

// A backend of a user's own: one kernel better (or here: wrong), everything else inherited.
struct mine : reference {};
void silu(float* y, const float*, Index n, mine) { std::fill_n(y, n, 7.0F); }
BOOST_AUTO_TEST_CASE(a_wrong_kernel_is_found) {
  for (const auto& [kernel, difference] : check_backend<mine>())
    BOOST_TEST((difference > 0.1) == (kernel == "silu"), kernel);
}

// The guard works: outside kernels the memory cannot be read.
std::jmp_buf escape;
#if defined(__SANITIZE_ADDRESS__)
constexpr bool sanitized = true;  // which has a signal handler of its own
#else
constexpr bool sanitized = false;
#endif
BOOST_AUTO_TEST_CASE(guarded_memory_is_out_of_reach) {
  if (sanitized) return;
  const Buffer<guarded> buffer(64);
  auto* const previous = std::signal(SIGSEGV, [](int) { std::longjmp(escape, 1); });
  const volatile float* const data = buffer.as<float>();
  bool reached = false;
  if (setjmp(escape) == 0) {
    static_cast<void>(*data);
    reached = true;
  }
  std::signal(SIGSEGV, previous);
  BOOST_TEST(!reached);
}

BOOST_AUTO_TEST_SUITE_END()
