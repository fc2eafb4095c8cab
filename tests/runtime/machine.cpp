#include <graft/runtime/machine.hpp>

#include "folder.hpp"

#include <graft/io/files.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(runtime_machine)

BOOST_AUTO_TEST_CASE(bytes_on_disk) {
  const Folder folder("graft-machine");
  write_file(folder.path / "a", std::string(100, 'a'));
  write_file(folder.path / "b", std::string(23, 'b'));
  std::filesystem::create_directories(folder.path / "within");
  write_file(folder.path / "within/c", "not of the folder itself");
  BOOST_TEST(size_on_disk(folder.path / "a") == 100U);
  BOOST_TEST(size_on_disk(folder.path) == 123U);
  BOOST_TEST(size_on_disk(folder.path / "nothing") == 0U);
}

BOOST_AUTO_TEST_CASE(a_fingerprint_is_of_weights_and_config) {
  const Folder folder("graft-machine"), other("graft-machine-other");
  for (const auto* of : {&folder, &other}) {
    write_file(of->path / "config.json", "{}");
    write_file(of->path / "model.safetensors", std::string(3 << 20, 'w'));  // of several pieces
  }
  const auto first = model_fingerprint(folder.path);
  write_file(other.path / "tokenizer.json", "{}");
  BOOST_TEST(model_fingerprint(other.path) == first);
  BOOST_TEST(model_fingerprint(folder.path / "model.safetensors") != first);
  std::string changed(3 << 20, 'w');
  changed.back() = 'x';
  write_file(other.path / "model.safetensors", changed);
  BOOST_TEST(model_fingerprint(other.path) != first);
  write_file(folder.path / "config.json", "{ }");
  BOOST_TEST(model_fingerprint(folder.path) != first);
}

BOOST_AUTO_TEST_CASE(of_this_process) {
  BOOST_TEST(machine_name().ends_with(std::to_string(thread_count()) + " threads"));
  const auto before = peak_resident_bytes();
  BOOST_TEST(before > Index{1} << 20U);
  {
    std::vector<char> touched(before + (std::size_t{64} << 20U), 1);
    BOOST_TEST(touched.back() == 1);
  }
  BOOST_TEST(peak_resident_bytes() > before);  // and what is given back counts on
  const Stopwatch watch;
  const auto once = watch.seconds();
  BOOST_TEST(once >= 0);
  BOOST_TEST(watch.seconds() >= once);
}

BOOST_AUTO_TEST_SUITE_END()
