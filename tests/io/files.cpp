// Files and folders that are there whole or not at all.
#include <graft/io/files.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(io_files)

struct Work {
  std::filesystem::path folder = std::filesystem::temp_directory_path() / ("graft-files-" + std::to_string(::getpid()));
  Work() { std::filesystem::create_directories(folder); }
  ~Work() { std::filesystem::remove_all(folder); }
  [[nodiscard]] std::size_t entries() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()));
  }
};

BOOST_AUTO_TEST_CASE(a_folder_takes_the_place_of_another) {
  const Work work;
  const auto target = work.folder / "a";
  {
    AtomicFolder made(target);
    write_file(made.path() / "one", "1");
    BOOST_TEST(!std::filesystem::exists(target));
    made.commit();
    BOOST_TEST(read_file(target / "one") == "1");
  }
  {
    AtomicFolder made(target);
    write_file(made.path() / "two", "2");
    BOOST_TEST(read_file(target / "one") == "1");
    made.commit();
    BOOST_TEST(read_file(target / "two") == "2");
    BOOST_TEST(!std::filesystem::exists(target / "one"));
  }
  BOOST_TEST(work.entries() == 1U);
}

BOOST_AUTO_TEST_CASE(without_commit_nothing_appears) {
  const Work work;
  const auto target = work.folder / "a";
  {
    AtomicFolder made(target);
    write_file(made.path() / "one", "1");
  }
  BOOST_TEST(work.entries() == 0U);
  // What a killed process left beside the target is in nobody's way.
  std::filesystem::create_directories(work.folder / "a.partial");
  write_file(work.folder / "a.partial" / "half", "0");
  AtomicFolder made(target);
  write_file(made.path() / "one", "1");
  made.commit();
  BOOST_TEST(!std::filesystem::exists(target / "half"));
  BOOST_TEST(read_file(target / "one") == "1");
}

BOOST_AUTO_TEST_SUITE_END()
