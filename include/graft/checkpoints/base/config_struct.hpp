/// \file
/// The members of a config struct as C++.
#pragma once

#include <cmath>
#include <cstddef>
#include <iomanip>
#include <initializer_list>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace graft {

/// Writes members, those of one kind at a time, and leaves out what the family's defaults say.
class ConfigStruct {
 public:
  struct Member {
    const char* name;
    double value, otherwise = -1;  ///< what the family's defaults say, if it is left out then

    template <class V>
    Member(const char* of, V is, double defaults = -1)
        : name(of), value(static_cast<double>(is)), otherwise(defaults) {}
  };
  using Members = std::initializer_list<Member>;

  void sizes(Members all) { members("graft::Index", "", all); }
  void numbers(const char* type, Members all) { members(type, "", all); }
  void reals(Members all) { members("float", "F", all); }
  void flags(Members all) { members("bool", "", all); }
  void divisors(const char* member, const std::vector<double>& values) {
    if (values.empty()) return;
    out_ << "  static constexpr std::array<float, " << values.size() << "> " << member << "{";
    for (const double& v : values)
      out_ << (&v == &values[0] ? "" : ", ") << std::setprecision(9) << v << (v == std::floor(v) ? ".0F" : "F");
    out_ << "};\n";
  }
  [[nodiscard]] std::string text() const { return out_.str(); }

 private:
  [[gnu::cold]] void members(std::string_view kind, const char* ending, Members all) {
    const char* before = "  static constexpr ";
    bool any = false;
    for (const auto& [member, value, otherwise] : all) {
      if (value == otherwise) continue;
      out_ << before << (any ? "" : std::string(kind) + " ") << member << " = ";
      const auto number = digits(value);
      if (kind == "bool") out_ << (value != 0 ? "true" : "false");
      else out_ << number << (*ending != 0 && number.find_first_of(".e") == std::string::npos ? ".0" : "") << ending;
      before = ", ";
      any = true;
    }
    if (any) out_ << ";\n";
  }
  /// As few as say the value.
  static std::string digits(double value) {
    std::ostringstream number, longer;
    longer.precision(9);
    number << value;
    longer << value;
    return std::abs(std::stod(number.str()) - value) > 1e-7 * std::abs(value) ? longer.str() : number.str();
  }

  std::ostringstream out_;
};

}  // namespace graft
