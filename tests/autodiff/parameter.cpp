// Frozen parameters: values that copies share until one is changed, and memory of a host's.
#include "backend/guarded.hpp"
#include "error.hpp"

#include <graft/backend/meta.hpp>
#include <graft/backend/xsimd/xsimd_cpu.hpp>
#include <graft/layers/linear.hpp>

#include <boost/test/unit_test.hpp>

#include <cstring>

using namespace graft;
using made::error_of;

BOOST_AUTO_TEST_SUITE(autodiff_parameter)

std::vector<float> draws(Index n, std::uint64_t stream = 1) {
  std::vector<float> values(n);
  for (Index i = 0; i < n; ++i) values[i] = standard_normal({7, stream}, i);
  return values;
}
template <class S, class B = reference, Index Rows = 4, Index Columns = 64>
using Weight = Parameter<B, Constant<S>, Rows, Columns>;

// What a plan counts of them on `meta` is nothing but a type.
static_assert(std::is_empty_v<Weight<F32, meta<reference>>> &&
              std::is_trivially_destructible_v<Weight<F32, meta<reference>>>);

BOOST_AUTO_TEST_CASE(copies_share_until_one_is_changed) {
  Weight<Bf16> first;
  first.assign(draws(256));
  const auto before = first.read();
  const auto second = first;
  auto third = second;
  BOOST_TEST((first.packed() == second.packed() && second.packed() == third.packed()));
  third.assign(draws(256, 2));
  BOOST_TEST((third.packed() != first.packed()));
  BOOST_TEST((first.read() == before && second.read() == before && third.read() != before));
  const auto* const own = third.packed();
  third.assign(draws(256, 3));  // nobody else's
  BOOST_TEST((third.packed() == own));

  Weight<F32, guarded> away;
  away.assign(draws(256));
  auto copy = away;
  copy.assign(draws(256, 2));
  BOOST_TEST((away.read() == draws(256) && copy.read() == draws(256, 2)));
}

BOOST_AUTO_TEST_CASE(what_has_no_values_says_so) {
  const Weight<F32> weight;
  BOOST_TEST(error_of([&] { static_cast<void>(weight.read()); }).find("a frozen weight of 4 x 64 has no values") !=
             std::string::npos);
  const Parameter<reference, Constant<Plain>, 1, 5> gain;
  BOOST_TEST(error_of([&] { static_cast<void>(gain.read()); }).find("a frozen weight of 1 x 5 has no values") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(memory_of_a_host_is_read_where_it_lies) {
  auto host = draws(256);
  Weight<F32, Cpu> weight;
  weight.borrow(host);
  BOOST_TEST((static_cast<const void*>(weight.packed()) == host.data()));
  host[3] = 5.0F;
  BOOST_TEST(weight.read()[3] == 5.0F);
  weight.assign(draws(256, 2));  // is not written
  BOOST_TEST((host[3] == 5.0F && weight.read() == draws(256, 2)));

  const auto owner = std::make_shared<std::vector<float>>(draws(5));
  Parameter<Cpu, Constant<Plain>, 1, 5> gain;
  gain.borrow(*owner, owner);
  BOOST_TEST((gain.value() == owner->data() && owner.use_count() == 2));
}

template <class S>
void borrows_encoded_rows() {
  Weight<S> packed, weight;
  packed.assign(draws(256));
  std::vector<std::byte> host(packed.bytes());
  std::memcpy(host.data(), packed.packed(), host.size());
  weight.borrow(host);
  BOOST_TEST((weight.packed() == host.data() && weight.read() == packed.read()));
}
BOOST_AUTO_TEST_CASE(other_storages_borrow_encoded_rows) {
  borrows_encoded_rows<Bf16>();
  borrows_encoded_rows<Int8>();
  borrows_encoded_rows<Q8_0>();
  borrows_encoded_rows<Q4_1>();
  borrows_encoded_rows<Nf4>();
  borrows_encoded_rows<Nf4DoubleQuant>();
}

// Encoded rows are taken as they are; what a backend keeps behind them is its own.
BOOST_AUTO_TEST_CASE(encoded_rows_are_assigned) {
  Weight<Q4_1> rows;
  rows.assign(draws(256));
  const std::span<const std::byte> encoded(rows.packed(), rows.bytes());
  Weight<Q4_1, Cpu> weight;
  weight.assign_rows(encoded);
  BOOST_TEST((weight.bytes() > rows.bytes() && weight.read() == rows.read()));
  BOOST_TEST(error_of([&] {
               weight.assign_rows(encoded.first(encoded.size() - 1));
             }).find("bytes for a parameter of") != std::string::npos);
}

// Where a backend says that it reads rows as the storage encodes them, it packs them so, too.
template <class S, class B>
void packs_rows() {
  BOOST_TEST_CONTEXT(S::name << " on " << B::name) {
    Weight<S, reference> rows;
    Weight<S, B> packed;
    rows.assign(draws(256));
    packed.assign(draws(256));
    if constexpr (row_alignment(S{}, B{}) != 0)
      BOOST_TEST(std::memcmp(rows.packed(), packed.packed(), rows.bytes()) == 0);
  }
}
BOOST_AUTO_TEST_CASE(rows_are_rows) {
  packs_rows<F32, eigen_cpu>();
  packs_rows<Bf16, eigen_cpu>();
  packs_rows<Q4_1, eigen_cpu>();
  packs_rows<F32, Cpu>();
  packs_rows<Int8, Cpu>();
  packs_rows<Q8_0, Cpu>();
  packs_rows<Q4_1, Cpu>();
  packs_rows<Nf4, Cpu>();
  packs_rows<Nf4DoubleQuant, Cpu>();
  static_assert(row_alignment(F32{}, Cpu{}) == 4 && row_alignment(Bf16{}, eigen_cpu{}) == 2 &&
                row_alignment(Bf16{}, Cpu{}) == 0);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_borrowed_says_why) {
  const auto host = draws(257);
  const auto bytes = std::as_bytes(std::span(host));
  const auto says = [](auto&& borrow, const char* part) {
    const auto error = error_of(borrow);
    BOOST_TEST(error.find(part) != std::string::npos, error);
  };
  Weight<F32> weight;
  says([&] { weight.borrow(host); },
       "a weight of 4 x 64 in F32 borrows 1024 bytes at a multiple of 4 on the backend reference; it was lent 1028 "
       "bytes, 0 past");
  says([&] { weight.borrow(bytes.subspan(2, 1024)); }, "it was lent 1024 bytes, 2 past such a multiple");
  Weight<Bf16, Cpu> panels;
  says([&] { panels.borrow(bytes.first(512)); },
       "the backend xsimd_cpu keeps weights of the storage Bf16 in a layout of its own");
  BOOST_TEST(error_of([&] { static_cast<void>(weight.read()); }).find("no values") != std::string::npos);
}

// A linear layer over a host's matrix gives what one with a copy gives, and its gradient.
BOOST_AUTO_TEST_CASE(layers_compute_on_it) {
  const auto host = draws(24);
  Frozen<Linear<Cpu, 6, 4>> there, here;
  there.weight.borrow(host);
  here.weight.assign(host);
  const auto row = draws(6, 2);
  const auto through = [&row](const auto& layer) {
    Workspace<Cpu> workspace;
    Inference<Cpu> tape(workspace);
    const auto x = tape.value<6>(1);
    upload<Cpu>(x.data, std::span<const float>(row));
    return download<Cpu>(layer(tape, x).data, 4);
  };
  BOOST_TEST((through(there) == through(here)));
}

template <class P>
void takes_its_size_alone(Index size) {
  P p;
  p.assign(std::vector<float>(size, 0.5F));
  BOOST_TEST(p.read() == std::vector<float>(size, 0.5F));
  for (const Index wrong : {Index{0}, size - 1, size + 1})
    BOOST_CHECK_EXCEPTION(p.assign(std::vector<float>(wrong)), Error, [wrong](const Error& error) {
      return std::string(error.what()).find("assign: " + std::to_string(wrong) + " values for a parameter of ") == 0;
    });
  BOOST_TEST(p.read() == std::vector<float>(size, 0.5F));
}
BOOST_AUTO_TEST_CASE(assigned) {
  takes_its_size_alone<Parameter<reference, Trainable, 3, 4>>(12);
  takes_its_size_alone<Parameter<reference, Constant<F32>, 3, 4>>(12);
  takes_its_size_alone<Parameter<reference, Constant<Bf16>, 3, 4>>(12);
  takes_its_size_alone<Parameter<reference, Constant<Plain>, 1, 7>>(7);
}
BOOST_AUTO_TEST_CASE(assigned_as_encoded) {
  Parameter<reference, Constant<Q8_0>, 2, 32> p;
  p.assign_rows(std::vector<std::byte>(2 * Q8_0::row_bytes(32)));
  BOOST_TEST(p.read() == std::vector<float>(64, 0.0F));
  BOOST_CHECK_THROW(p.assign_rows(std::vector<std::byte>(Q8_0::row_bytes(32))), Error);
  BOOST_CHECK_THROW(p.assign_rows(std::vector<std::byte>(3 * Q8_0::row_bytes(32))), Error);
}

// Memory that is reserved is what the value comes to, and a copy's value stays where it was.
BOOST_AUTO_TEST_CASE(reserved_before_there_is_a_value) {
  Parameter<reference, Constant<F32>, 2, 2> p;
  p.reserve();
  const auto* const there = p.packed();
  p.assign(std::vector<float>{1, 2, 3, 4});
  BOOST_TEST(p.packed() == there);
  auto copy = p;
  copy.reserve();
  BOOST_TEST(copy.packed() != there);
  BOOST_TEST(p.read() == (std::vector<float>{1, 2, 3, 4}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
