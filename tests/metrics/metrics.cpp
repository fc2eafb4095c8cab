// ROUGE and the stemmer against the reference values of the packages (see the README of the folder).
#include <graft/eval/rouge.hpp>
#include <graft/io/jsonl.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(metrics)

const std::filesystem::path folder = GRAFT_METRICS_DIR;

BOOST_AUTO_TEST_CASE(stems) {
  PorterStemmer stem;
  const std::string text = read_file(folder / "stems.tsv");
  Index count = 0;
  for (Index at = 0; at < text.size(); ++count) {
    const Index end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at), word = line.substr(0, line.find('\t')),
                      wanted = line.substr(line.find('\t') + 1);
    at = end + 1;
    BOOST_TEST((word.size() > 3 ? stem(word) : word) == wanted, word);
  }
  BOOST_TEST(count > 1000U);
}

BOOST_AUTO_TEST_CASE(rouge_scores) {
  Index compared = 0;
  for (const auto& row : read_jsonl(folder / "rouge.jsonl"))
    for (const bool stemmed : {false, true}) {
      auto expected = row.json.at("expected").at(stemmed ? "stem" : "plain");
      if (expected.contains("first")) expected = expected.at("first");
      const auto found = rouge(row.json.at("prediction").get<std::string>(),
                               row.json.at("references").at(0).get<std::string>(), stemmed);
      for (const auto& [type, score] :
           {std::pair("rouge1", found.one), std::pair("rouge2", found.two), std::pair("rougeL", found.l)}) {
        const auto wanted = expected.at(type).get<std::vector<double>>();
        BOOST_TEST(std::abs(score.precision - wanted[0]) < 1e-9, row.json.dump());
        BOOST_TEST(std::abs(score.recall - wanted[1]) < 1e-9, row.json.dump());
        BOOST_TEST(std::abs(score.f - wanted[2]) < 1e-9, row.json.dump());
        ++compared;
      }
    }
  BOOST_TEST(compared > 100U);
}

BOOST_AUTO_TEST_SUITE_END()
