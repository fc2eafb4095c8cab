/// \file
/// A conversation as a language model learns it: one rendering by its chat template, in parts, of which the assistant's
/// answers are supervised. Where a template has {% generation %} blocks these are the answers; else an answer is what
/// the rendering of the messages up to it has more than the rendering of those before it, as long as both are
/// beginnings of the rendering of them all. What is not so is refused: no text is cut.
#pragma once

#include <graft/text/chat/chat.hpp>

namespace graft {

/// Which answers of a conversation are supervised.
enum class Turns { all, last };

/// A part of a conversation's text, and whether it is supervised.
struct TextPart {
  std::string text;
  bool supervised;
};

/// Messages in turn, with the tools and documents beside them.
class Conversation {
 public:
  /// `messages`: a list of {"role", "content", …}, where "weight": 0 leaves an answer unsupervised; `beside`: what else
  /// the template can read. Throws Error that begins with `where`.
  Conversation(const ChatTemplate& chat, const OrderedJson& messages, OrderedJson beside, std::string where);

  [[nodiscard]] const std::string& text() const { return whole_.text; }
  /// The text, cut at the answers.
  [[nodiscard]] std::vector<TextPart> parts(Turns turns) const;
  /// What a model is given to make the last answer.
  [[nodiscard]] std::string question() const { return rendered(answers_.back(), true).text; }
  /// Keys that the template does not read, of what stands beside the messages and of the messages; one that changes
  /// what the conversation means is an error.
  struct Unread {
    std::vector<std::string> beside, of_messages;  ///< keys beside the messages; keys within them
  };
  /// The keys that the template did not read.
  [[nodiscard]] Unread unread() const;

 private:
  using Span = std::pair<Index, Index>;

  /// The first `count` messages.
  [[nodiscard]] Rendering rendered(Index count, bool for_answer) const;
  [[nodiscard]] Span found_by_beginnings(Index answer) const;
  [[nodiscard]] std::vector<Span> found_by_blocks(Index answer) const;
  [[noreturn]] void disagree(Index answer, const std::string& beginning) const;

  const ChatTemplate* chat_;
  OrderedJson messages_ = OrderedJson::array(), beside_;
  std::string where_;
  std::vector<Index> answers_;    ///< messages of the assistant
  std::vector<bool> supervised_;  ///< of every message
  Rendering whole_;
};

/// Whether a row or a message means something else without this key.
bool changes_meaning(std::string_view key);

#if defined(GRAFT_TEXT_INLINE)
inline constexpr std::string_view thinking_keys[] = {"reasoning_content", "reasoning", "thinking"};
inline constexpr std::string_view meaning_keys[] = {"system",        "tools",     "functions", "tool_calls",
                                                    "function_call", "documents", "image",     "images",
                                                    "audio",         "audios",    "video",     "videos"};
GRAFT_TEXT_INLINE bool changes_meaning(std::string_view key) {
  return is_among(thinking_keys, key) || is_among(meaning_keys, key);
}
/// What tables fill in where there is nothing.
inline bool is_nothing(const OrderedJson& value) { return value.is_null() || (value.is_array() && value.empty()); }
inline bool says_nothing(const OrderedJson& value) { return value.empty() || value == ""; }

/// The texts of a content that is a list of parts.
inline std::string joined_texts(const OrderedJson& parts) {
  std::string all;
  for (const OrderedJson& part : parts) all += part.at("text").get<std::string>();
  return all;
}

/// Whether a message's answer is to be learned: "weight" is 0 or 1, "train" false or true.
inline bool is_supervised(const OrderedJson& message, const std::string& where) {
  bool learned = true;
  if (message.contains("weight") && !message.at("weight").is_null()) {
    const OrderedJson& weight = message.at("weight");
    if (!weight.is_number() || (weight != 0 && weight != 1))
      fail(where, ": its \"weight\" is ", weight.dump(), "; an answer is learned (1) or not (0)");
    learned = weight == 1;
  }
  if (message.contains("train") && !message.at("train").is_null())
    learned = learned && required<bool>(message, "train", where);
  return learned;
}

/// A message as the template gets it: what is null or an empty list is left out, but for a content of null; so is what
/// says whether it is learned.
inline OrderedJson checked_message(const OrderedJson& given, const std::string& where) {
  if (!given.is_object()) fail(where, ": it is no object like {\"role\": \"user\", \"content\": \"...\"}");
  OrderedJson message = OrderedJson::object();
  for (const auto& [key, value] : given.items())
    if (key != "weight" && key != "train" && (key == "content" || !is_nothing(value))) message[key] = value;
  static_cast<void>(required<std::string>(message, "role", where));
  const OrderedJson content = message.contains("content") ? message.at("content") : OrderedJson();
  bool says_more = false;  // calls, thinking
  for (const auto& entry : message.items()) says_more = says_more || changes_meaning(entry.key());
  if (content.is_null() && !says_more)
    fail(where, ": it has no \"content\"; a message is {\"role\": \"user\", \"content\": \"...\"}");
  if (!content.is_null() && !content.is_string() && !content.is_array())
    fail(where, ": its \"content\" is ", content.dump().substr(0, 40), ", and no text");
  if (content.is_array())
    for (const OrderedJson& part : content) {
      const bool is_text = part.is_object() && (!part.contains("type") || part.at("type") == "text") &&
                           part.contains("text") && part.at("text").is_string();
      if (!is_text)
        fail(where, ": its \"content\" has a part that is no text, ", part.dump().substr(0, 80),
             ", and graft's models read text only");
    }
  return message;
}

GRAFT_TEXT_INLINE Conversation::Conversation(const ChatTemplate& chat, const OrderedJson& messages, OrderedJson beside,
                                             std::string where)
    : chat_(&chat), beside_(std::move(beside)), where_(std::move(where)) {
  if (!messages.is_array() || messages.empty())
    fail(where_, ": \"messages\" is no list of messages like {\"role\": \"user\", \"content\": \"...\"}");
  for (Index i = 0; i < messages.size(); ++i) {
    const std::string here = where_ + ", message " + std::to_string(i + 1);
    messages_.push_back(checked_message(messages[i], here));
    supervised_.push_back(is_supervised(messages[i], here));
    if (messages_.back().at("role") == "assistant") answers_.push_back(i);
  }
  if (answers_.empty())
    fail(
        where_,
        ": no message is of the role \"assistant\", so that there is no answer to learn; a conversation ends with one");
  if (answers_.back() + 1 != messages_.size())
    fail(where_, ": the conversation ends with a message of the role ", messages_.back().at("role").dump(),
         ", which nothing answers; leave it out");
  const auto has_parts = [](const OrderedJson& message) {
    return message.contains("content") && message.at("content").is_array();
  };
  bool joins = false;
  if (std::any_of(messages_.begin(), messages_.end(), has_parts)) {
    try {
      whole_ = rendered(messages_.size(), false);
      for (Index i = 0; i < messages_.size(); ++i)
        joins = joins || (has_parts(messages_[i]) && !is_among(whole_.asked_of[i], "content"));
    } catch (const Error&) { joins = true; }
  }
  for (OrderedJson& message : messages_)
    // the template knows contents that are texts
    if (joins && has_parts(message)) message["content"] = joined_texts(message.at("content"));
  whole_ = rendered(messages_.size(), false);
}

GRAFT_TEXT_INLINE Rendering Conversation::rendered(Index count, bool for_answer) const {
  OrderedJson first = OrderedJson::array();
  for (Index i = 0; i < count; ++i) first.push_back(messages_[i]);
  try {
    return chat_->render(first, for_answer, beside_);
  } catch (const Error& error) { fail(where_, ": ", error.what()); }
}

GRAFT_TEXT_INLINE Conversation::Unread Conversation::unread() const {
  Unread found;
  const auto refuse = [this](const std::string& key, const std::string& of) {
    fail(where_, of, ": the chat template does not read \"", key,
         "\", and without it the conversation means something else; remove it where it is not meant, or take a model "
         "whose template reads it");
  };
  // some only say how an answer is opened
  const auto opened = beside_.empty() ? std::vector<std::string>() : rendered(answers_.back(), true).asked;
  for (const auto& [key, value] : beside_.items()) {
    if (says_nothing(value) || is_among(whole_.asked, key) || is_among(opened, key)) continue;
    if (changes_meaning(key)) refuse(key, "");
    found.beside.push_back(key);
  }
  for (Index i = 0; i < messages_.size(); ++i)
    for (const auto& [key, value] : messages_[i].items()) {
      const auto asks = [&key = key, this](Index message) { return is_among(whole_.asked_of[message], key); };
      // templates leave out the thinking of earlier turns
      if (asks(i) || (is_among(thinking_keys, key) && std::any_of(answers_.begin(), answers_.end(), asks))) continue;
      if (key == "role" || says_nothing(value)) continue;
      if (key == "content" || changes_meaning(key)) refuse(key, ", message " + std::to_string(i + 1));
      found.of_messages.push_back(key);
    }
  return found;
}

GRAFT_TEXT_INLINE void Conversation::disagree(Index answer, const std::string& beginning) const {
  const auto at = static_cast<Index>(
      std::mismatch(beginning.begin(), beginning.end(), whole_.text.begin(), whole_.text.end()).first -
      beginning.begin());
  const auto excerpt = [at](const std::string& text) {
    return Json(repaired(text.substr(std::min(at, text.size()), 40))).dump();
  };
  const std::string differs =
      " (" + excerpt(whole_.text) + " in the whole conversation, " + excerpt(beginning) + " there)";
  if (answer == answers_.back())
    fail(
        where_,
        ": the chat template renders what stands before the last answer otherwise than with the answer behind it",
        differs,
        ", so that no part of the text is the answer; render the conversation as it should be and give it as \"text\"");
  fail(
      where_, ": the chat template renders message ", answer + 1,
      " or what stands before it otherwise than where more follows", differs,
      ", so that its answers cannot all be learned from one text; --turns last (Formatter::turns) learns the last one");
}

GRAFT_TEXT_INLINE Conversation::Span Conversation::found_by_beginnings(Index answer) const {
  std::string before = rendered(answer, true).text;
  // a template may open an answer otherwise than it shows one
  if (!whole_.text.starts_with(before)) before = rendered(answer, false).text;
  if (!whole_.text.starts_with(before)) disagree(answer, before);
  if (answer + 1 == messages_.size()) return {before.size(), whole_.text.size()};
  std::string up_to = rendered(answer + 1, false).text;
  // which stands behind the last turn, whichever that is
  if (const auto& eos = chat_->eos(); !whole_.text.starts_with(up_to) && up_to.ends_with(eos))
    up_to.erase(up_to.size() - eos.size());
  if (!whole_.text.starts_with(up_to) || up_to.size() < before.size()) disagree(answer, up_to);
  return {before.size(), up_to.size()};
}

GRAFT_TEXT_INLINE std::vector<Conversation::Span> Conversation::found_by_blocks(Index answer) const {
  const Index first = answer == 0 ? 0 : rendered(answer, false).generated.size(),
              last = answer + 1 == messages_.size() ? whole_.generated.size()
                                                    : rendered(answer + 1, false).generated.size();
  if (first > last || last > whole_.generated.size())
    fail(where_,
         ": the chat template has fewer {% generation %} blocks for more messages; give the rendered text as \"text\", "
         "or take another template");
  return {whole_.generated.begin() + static_cast<std::ptrdiff_t>(first),
          whole_.generated.begin() + static_cast<std::ptrdiff_t>(last)};
}

GRAFT_TEXT_INLINE std::vector<TextPart> Conversation::parts(Turns turns) const {
  std::vector<Span> spans;
  const bool has_blocks = !whole_.generated.empty(),
             every = turns == Turns::all && std::all_of(answers_.begin(), answers_.end(),
                                                        [this](Index answer) { return supervised_[answer]; });
  if (has_blocks && every) spans = whole_.generated;
  for (const Index answer : answers_) {
    if ((has_blocks && every) || (turns == Turns::last && answer != answers_.back()) || !supervised_[answer]) continue;
    if (has_blocks) {
      for (const Span& block : found_by_blocks(answer)) spans.push_back(block);
    } else {
      auto [begin, end] = found_by_beginnings(answer);
      // what ends a turn is learned, and not the line feed behind it
      while (end > begin && whole_.text[end - 1] == '\n') --end;
      spans.emplace_back(begin, end);
    }
  }
  std::vector<TextPart> made;
  Index done = 0;
  for (const auto& [begin, end] : spans) {
    if (begin < done)
      fail(where_,
           ": the chat template renders an answer before the one that it follows; give the rendered text as \"text\", "
           "or take another template");
    made.push_back({whole_.text.substr(done, begin - done), false});
    made.push_back({whole_.text.substr(begin, end - begin), true});
    done = end;
  }
  made.push_back({whole_.text.substr(done), false});
  return made;
}
#endif

}  // namespace graft
