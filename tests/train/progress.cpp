#include <graft/train/progress.hpp>

#include "folder.hpp"

#include <graft/io/files.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>

#include <fcntl.h>

using namespace graft;

BOOST_AUTO_TEST_SUITE(train_progress)

/// What f writes to standard error.
template <class F>
std::string written(const F& f) {
  const Folder folder("graft-progress");
  const auto file = folder.path / "stderr";
  std::fflush(stderr);
  const int before = ::dup(2), into = ::open(file.c_str(), O_CREAT | O_WRONLY, 0600);
  ::dup2(into, 2);
  f();
  std::fflush(stderr);
  ::dup2(before, 2);
  ::close(before);
  ::close(into);
  return read_file(file);
}

BOOST_AUTO_TEST_CASE(a_line_every_tenth_of_the_run) {
  const auto text = written([] {
    ProgressBar bar;
    for (Index done = 1; done <= 20; ++done) bar.update(done, 20, 2.0 / static_cast<double>(done), 100);
  });
  BOOST_TEST(std::count(text.begin(), text.end(), '\n') == 10);
  BOOST_TEST(text.find("[==                      ] step 2/20  loss 1.0000  ") == 0U, text);
  BOOST_TEST(text.find("\n[========================] step 20/20  loss 0.1000  ") != std::string::npos, text);
  BOOST_TEST(text.ends_with(" tokens/s  0:00 left\n"), text);
  BOOST_TEST(text.find("\x1b") == std::string::npos);  // a file is no terminal
}

BOOST_AUTO_TEST_CASE(the_first_step_says_no_speed) {
  const auto text = written([] { ProgressBar().update(1, 1, 0.5, 100); });
  BOOST_TEST(text == "[========================] step 1/1  loss 0.5000\n");
}

BOOST_AUTO_TEST_CASE(lines_of_their_own) {
  BOOST_TEST(written([] { ProgressBar(true).say("kept"); }) == "kept\n");
  BOOST_TEST(written([] {
               ProgressBar bar(false);
               bar.say("kept");
               bar.update(1, 1, 0.5, 1);
             }).empty());
}

BOOST_AUTO_TEST_SUITE_END()
