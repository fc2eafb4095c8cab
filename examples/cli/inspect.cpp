#include "inspect.hpp"

#include <graft/checkpoints/base/inspection.hpp>
#include <graft/checkpoints/base/model_header.hpp>
#include <graft/checkpoints/base/tokenizer_files.hpp>

#include <cstdio>
#include <set>

namespace cli {

namespace {

/// Files are strangers': what they say may not steer a terminal.
std::string plain(std::string text, bool one_line = false) {
  return graft::printable(std::move(text), one_line ? "" : "\n");
}
std::string short_value(const graft::Json& value) {
  const std::string text = plain(value.dump(-1, ' ', false, graft::Json::error_handler_t::replace), true);
  return text.size() <= 160 ? text : text.substr(0, 160) + " … (" + std::to_string(text.size()) + " characters)";
}
std::string grouped(std::size_t n) {
  std::string digits = std::to_string(n);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}
std::string amount(std::size_t bytes) {
  char text[40];
  if (bytes < 1'000) std::snprintf(text, sizeof text, "%zu bytes", bytes);
  else if (bytes < 1'000'000) std::snprintf(text, sizeof text, "%.3g kB", static_cast<double>(bytes) / 1e3);
  else if (bytes < 1'000'000'000) std::snprintf(text, sizeof text, "%.3g MB", static_cast<double>(bytes) / 1e6);
  else std::snprintf(text, sizeof text, "%.3g GB", static_cast<double>(bytes) / 1e9);
  return text;
}
/// "0 to 3, 5"
std::string ranges(const std::vector<std::int64_t>& numbers) {
  std::string text;
  const auto of = graft::block_ranges(numbers);
  for (std::size_t i = 0; i < of.size(); i += 2)
    text += (i == 0 ? "" : ", ") + std::to_string(of[i]) +
            (of[i + 1] - 1 > of[i] ? " to " + std::to_string(of[i + 1] - 1) : "");
  return text;
}

void line(const char* name, const std::string& text) {
  if (!text.empty()) std::printf("  %-10s %s\n", name, plain(text).c_str());
}
void list(const char* title, const std::vector<std::string>& entries) {
  if (entries.empty()) return;
  std::printf("%s\n", title);
  for (const auto& entry : entries) std::printf("  %s\n", plain(entry).c_str());
}

constexpr std::pair<graft::Task, const char*> tasks[] = {{graft::Task::next_token, "writes texts"},
                                                         {graft::Task::pair, "writes texts, from others"},
                                                         {graft::Task::text_class, "tells a text's class, or a number"},
                                                         {graft::Task::token_class, "tells the classes of tokens"},
                                                         {graft::Task::answer, "finds answers in texts"},
                                                         {graft::Task::fill_in, "fills in masked tokens"},
                                                         {graft::Task::embedding, "has no head"}};

void print_model(const graft::StatedConfig& c) {
  const char* does = "";
  for (const auto& [task, words] : tasks)
    if (task == graft::task_of(c)) does = words;
  const auto in_python = graft::class_in_python(c);
  line("class", (c.architecture.empty() || c.architecture == in_python
                     ? in_python
                     : c.architecture + " by its config, read as " + in_python) +
                    ", which " + does);
  std::string labels;
  for (std::size_t i = 0; i < std::min<std::size_t>(c.labels.size(), 20); ++i)
    labels += (i == 0 ? "" : ", ") + c.labels[i];
  if (c.labels.size() > 20) labels += " and " + std::to_string(c.labels.size() - 20) + " more";
  if (const auto task = graft::task_of(c); task == graft::Task::text_class || task == graft::Task::token_class)
    line("labels", labels);
}

void print_keys(const std::vector<graft::InspectedKey>& keys) {
  for (const auto& [use, title] : {std::pair{"read", "keys it uses"},
                                   {"trained", "keys that count in training alone"},
                                   {"harmless", "keys that make no difference"},
                                   {"unread", "keys of a method that graft does not have"}}) {
    std::vector<std::string> entries;
    for (const auto& k : keys)
      if (k.use == use)
        entries.push_back(plain(k.name, true) + " = " + short_value(k.value) +
                          (k.note.empty() ? "" : "   (" + k.note + ")"));
    list(title, entries);
  }
  std::string silent;
  for (const auto& k : keys)
    if (k.use == "silent") silent += (silent.empty() ? "  " : ", ") + plain(k.name, true);
  if (!silent.empty()) std::printf("keys that say nothing (null, false or empty)\n%s\n", silent.c_str());
}

void print(const graft::Inspection& i, bool tensors) {
  const bool adapter = !i.keys.empty();
  std::printf("%s: %s\n", plain(i.path, true).c_str(), plain(i.what).c_str());
  if (i.model && !adapter) print_model(*i.model);
  line(adapter ? "method" : "type", i.type);
  line("opened as", i.opened);
  if (adapter) line("base", i.base_name.empty() ? "not named by its config" : "named " + short_value(i.base_name));
  if (adapter && i.model) line("against", i.base + ", " + graft::class_in_python(*i.model));
  else if (adapter && !i.base.empty()) line("guessed", i.base + " (--model BASE names the real one)");
  if (!i.tensors.empty()) {
    std::set<std::string> types;
    for (const auto& t : i.tensors) types.insert(t.type);
    std::string kinds;
    for (const auto& type : types) kinds += (kinds.empty() ? "" : ", ") + type;
    line("tensors", grouped(i.tensors.size()) + " of " + grouped(i.numbers()) + " numbers, " + amount(i.bytes()) +
                        " (" + kinds + ")" + (i.trained > 0 ? "; trained: " + grouped(i.trained) : ""));
  }
  if (i.model && !adapter) std::fputs(graft::config_struct(*i.model).c_str(), stdout);
  std::vector<std::string> places;
  for (const auto& p : i.places)
    places.push_back(p.path + (p.site.empty() ? "" : " (" + p.site + ")") +
                     (p.blocks.empty() ? "" : ", * = " + ranges(p.blocks)) + ": " + p.what);
  list("stands at", places);
  print_keys(i.keys);
  if (tensors && !i.tensors.empty()) {
    std::puts("all tensors");
    for (const auto& t : i.tensors) {
      std::printf("  %-72s %-6s", plain(t.name, true).c_str(), plain(t.type, true).c_str());
      for (const auto extent : t.shape) std::printf(" %zu", extent);
      std::puts("");
    }
  }
  list("notes", i.notes);
  list("refused", i.refusals);
}

/// A model's tokenizer and chat template, which commands on texts need.
void look_at_texts(graft::Inspection& i) {
  if (!i.model || !i.keys.empty() || i.tensors.empty()) return;
  const std::filesystem::path path(i.path), folder = std::filesystem::is_directory(path) ? path : path.parent_path();
  const auto names = {"tokenizer.json", "tokenizer.model", "spiece.model", "vocab.txt", "vocab.json"};
  if (path.extension() != ".gguf" && std::none_of(names.begin(), names.end(), [&](const char* name) {
        return std::filesystem::exists(folder / name);
      }))
    return i.notes.emplace_back("there is no tokenizer with it: texts cannot be read"), void();
  const auto attempt = [&i](const auto& f) {
    try {
      f();
    } catch (const std::exception& error) { i.refusals.emplace_back(error.what()); }
  };
  attempt([&] {
    const graft::ModelFiles files(path.extension() == ".gguf" ? path : folder);
    attempt(
        [&] { i.notes.push_back("its tokenizer has " + grouped(graft::load_tokenizer(files).size()) + " tokens"); });
    attempt([&] {
      i.notes.emplace_back(graft::load_chat_template(files) ? "it has a chat template" : "it has no chat template");
    });
  });
}

const char* in_words(graft::KeyUse use) {
  switch (use) {
    case graft::KeyUse::read:
      return "does what it says";
    case graft::KeyUse::trained:
      return "does what it says in training; for a loaded adapter it makes no difference";
    case graft::KeyUse::harmless:
      return "makes no difference";
    case graft::KeyUse::only:
      break;
  }
  return "";
}
template <class List>
graft::Json keys_json(const List& keys) {
  graft::Json all = graft::Json::array();
  for (const auto& k : keys)
    all.push_back({{"types", graft::words_of(k.types)},
                   {"key", k.name},
                   {"graft", k.use == graft::KeyUse::only ? "only" : in_words(k.use)},
                   {"note", graft::note_of(keys, k)},
                   {"values", k.use == graft::KeyUse::only ? graft::Json::parse(k.values) : graft::Json()}});
  return all;
}
template <class List>
void print_table(const char* of, const List& keys) {
  std::printf("\n| %s | key | graft | |\n|---|---|---|---|\n", of);
  for (const auto& k : keys)
    std::printf("| %s | `%s` | %s | %s |\n", k.types == "*" ? "all" : std::string(k.types).c_str(),
                std::string(k.name).c_str(),
                k.use == graft::KeyUse::only ? ("is refused, but for `" + std::string(k.values) + "`").c_str()
                                             : in_words(k.use),
                std::string(graft::note_of(keys, k)).c_str());
}

}  // namespace

int inspect(const InspectOptions& o) {
  auto found = graft::inspect(o.path, o.model);
  look_at_texts(found);
  if (o.json)
    std::puts(graft::inspection_json(found).dump(2, ' ', false, graft::Json::error_handler_t::replace).c_str());
  else print(found, o.tensors);
  return found.refusals.empty() ? 0 : 1;
}

void print_key_table(bool json) {
  if (json)
    return void(std::puts(graft::Json{{"peft_types", graft::names_of(graft::peft_types)},
                                      {"peft", keys_json(graft::peft_keys)},
                                      {"adapters", keys_json(graft::hub_keys)}}
                              .dump(2)
                              .c_str()));
  print_table("HF PEFT", graft::peft_keys);
  print_table("AdapterHub", graft::hub_keys);
}

}  // namespace cli
