/// \file
/// How a run went: what was learned and what it took, as JSON for programs, and both as one HTML page, without scripts
/// or outside files, for people. What was not measured is not in them.
#pragma once

#include <graft/io/json.hpp>
#include <graft/report/flame.hpp>
#include <graft/runtime/run_record.hpp>

#include <cstdio>
#include <optional>

namespace graft {

/// All that a report tells.
struct RunReport : RunRecord {
  /// What was learned: the same, to the bit, on every run of the same settings, however often it was stopped and
  /// resumed.
  [[nodiscard]] Json result() const {
    Json all = {{"model", model},
                {"method", method},
                {"parameters", parameters},
                {"trainable_parameters", trainable},
                {"steps", history.losses.size()},
                {"tokens", history.tokens},
                {"losses", history.losses},
                {"kept_step", history.kept_step}};
    if (learning_rate) all["learning_rate"] = std::stod(noted(*learning_rate));
    put(all, "kept_ranks", history.kept_ranks);
    put(all, "base_file_bytes", base_bytes);
    put(all, "adapter_bytes", adapter_bytes);
    for (const auto& e : history.evaluations) all["evaluations"].push_back({{"step", e.step}, {"loss", e.loss}});
    for (const auto& [key, figures] : {std::pair("held_out_before", &before), std::pair("held_out_after", &after)}) {
      if (!*figures) continue;
      const HeldOutFigures& f = **figures;
      all[key] = {{"loss", f.loss}};
      for (const auto& figure : f.others) all[key][figure.key] = figure.value;
    }
    for (const auto& s : samples)
      all["samples"].push_back({{"prompt", s.prompt}, {"wanted", s.wanted}, {"before", s.before}, {"after", s.after}});
    return all;
  }

  /// What it took, on this machine and this time: of a run that was resumed, since then.
  [[nodiscard]] Json cost() const {
    Json all = {{"machine", machine}, {"kernels", kernels}};
    if (history.resumed_at != 0) all["resumed_at_step"] = history.resumed_at;
    if (plan) all["planned_bytes"] = plan->total();
    put(all, "measured_bytes", measured_bytes);
    put(all, "peak_resident_bytes", peak_resident_bytes);
    put(all, "load_seconds", load_seconds);
    put(all, "train_seconds", train_seconds);
    put(all, "total_seconds", total_seconds);
    put(all, "tokens_per_second", tokens_per_second());
    for (const auto& e : profile)
      all["profile"].push_back({{"op", e.op},
                                {"backward", e.backward},
                                {"columns", e.n},
                                {"depth", e.k},
                                {"calls", e.calls},
                                {"seconds", e.seconds},
                                {"flops", e.flops}});
    return all;
  }

  [[nodiscard]] std::string html() const;

 private:
  template <class T>
  static void put(Json& json, const char* key, const std::optional<T>& value) {
    if (value) json[key] = *value;
  }
};

namespace report {

/// A number, formatted.
inline std::string number(double value, const char* format = "%.2f") {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}
/// Bytes as megabytes.
inline std::string megabytes(std::uintmax_t bytes) {
  if (bytes < 100'000) return number(static_cast<double>(bytes) / 1e3, "%.1f kB");
  return number(static_cast<double>(bytes) / 1e6, bytes < 10'000'000 ? "%.1f MB" : "%.0f MB");
}

/// A text as HTML shows it.
inline std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '&') out += "&amp;";
    else if (c == '"') out += "&quot;";
    else out += c;
  }
  return out;
}

/// The loss of every step, its running mean, and the evaluations, as SVG.
inline std::string loss_curve(const FitHistory& history) {
  constexpr double width = 720, height = 260, left = 48, bottom = 28, top = 12, right = 12;
  if (history.losses.empty()) return "";
  double low = history.losses[0], high = low;
  const auto widen = [&](double y) {
    low = std::min(low, y);
    high = std::max(high, y);
  };
  for (const double y : history.losses) widen(y);
  for (const auto& e : history.evaluations) widen(e.loss);
  if (high - low < 1e-9) high = low + 1;
  const auto steps = static_cast<double>(std::max<Index>(history.losses.size(), 2));
  const auto x = [&](double step) { return number(left + (step - 1) / (steps - 1) * (width - left - right), "%.1f"); };
  const auto y = [&](double loss) {
    return number(top + (high - loss) / (high - low) * (height - top - bottom), "%.1f");
  };
  std::string raw, mean, svg = "<svg viewBox=\"0 0 720 260\" role=\"img\" aria-label=\"training loss by step\">";
  double running = history.losses[0];
  for (Index i = 0; i < history.losses.size(); ++i) {
    running += (history.losses[i] - running) * (i == 0 ? 1.0 : 0.15);
    const std::string at = x(static_cast<double>(i + 1));
    raw += at + "," + y(history.losses[i]) + " ";
    mean += at + "," + y(running) + " ";
  }
  for (int i = 0; i <= 4; ++i) {
    const double loss = low + (high - low) * i / 4;
    svg += "<line x1=\"48\" x2=\"708\" y1=\"" + y(loss) + "\" y2=\"" + y(loss) +
           "\" class=\"grid\"/><text x=\"42\" y=\"" + y(loss) + "\" class=\"axis\" text-anchor=\"end\" dy=\"4\">" +
           number(loss) + "</text>";
  }
  svg +=
      "<text x=\"48\" y=\"252\" class=\"axis\">step 1</text><text x=\"708\" y=\"252\" class=\"axis\" "
      "text-anchor=\"end\">step " +
      std::to_string(history.losses.size()) + "</text>";
  svg += "<polyline class=\"raw\" points=\"" + raw + "\"/><polyline class=\"mean\" points=\"" + mean + "\"/>";
  for (const auto& e : history.evaluations)
    svg += "<circle cx=\"" + x(static_cast<double>(std::max<Index>(e.step, 1))) + "\" cy=\"" + y(e.loss) +
           "\" r=\"4\" class=\"held\"><title>held out, step " + std::to_string(e.step) + ": " + number(e.loss, "%.4f") +
           "</title></circle>";
  return svg +
         "</svg><p class=\"legend\"><i class=\"k-raw\"></i>loss of each step <i class=\"k-mean\"></i>running mean <i "
         "class=\"k-held\"></i>held out</p>";
}

/// Blocks across, sites down; the darker, the larger the trained share of a site's parameters.
inline std::string site_table(const std::vector<SiteEntry>& sites) {
  std::vector<std::string> rows;
  std::ptrdiff_t blocks = 0;
  for (const auto& s : sites) {
    if (std::find(rows.begin(), rows.end(), s.site) == rows.end()) rows.push_back(s.site);
    blocks = std::max(blocks, s.block + 1);
  }
  std::string out = "<table class=\"map\">";
  for (const auto& row : rows) {
    out += "<tr><th>" + row + "</th>";
    Index trained = 0, all = 0;
    for (const auto& s : sites) {
      if (s.site != row) continue;
      trained += s.trainable;
      all += s.trainable + s.frozen;
      const double share =
          s.trainable == 0 ? 0 : static_cast<double>(s.trainable) / static_cast<double>(s.trainable + s.frozen);
      const double ink = share == 0 ? 0 : 0.35 + 0.65 * share;
      out +=
          "<td" + std::string(s.block < 0 ? " colspan=\"" + std::to_string(blocks) + "\"" : "") +
          " style=\"background:" + (share == 0 ? std::string("var(--frozen)") : "rgba(212,84,28," + number(ink) + ")") +
          "\" title=\"" + escaped(s.path) + ": " + std::to_string(s.trainable) + " trained of " +
          std::to_string(s.trainable + s.frozen) + "\"></td>";
    }
    out += "<td class=\"count\">" + (trained == 0 ? std::string("frozen") : std::to_string(trained) + " trained") +
           (all == 0 ? " (tied to the embedding)" : "") + "</td></tr>";
  }
  return out +
         "</table><p class=\"legend\"><i style=\"background:var(--frozen)\"></i>frozen <i "
         "style=\"background:rgba(212,84,28,.38)\"></i>a small share trained <i "
         "style=\"background:rgb(212,84,28)\"></i>all trained; columns are blocks</p>";
}

}  // namespace report

inline std::string RunReport::html() const {
  using namespace report;
  std::string out =
      R"(<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>)" +
      escaped(title) + R"(</title><style>
:root{--ink:#1d2330;--soft:#667085;--line:#dfe3ea;--frozen:#e6ebf2;--hot:#d4541c;--cool:#2b6cb0}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);max-width:820px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.05rem;margin:2rem 0 .5rem}p.sub{color:var(--soft);margin:.2rem 0 1.5rem}
table{border-collapse:collapse;width:100%}
.plain td,.plain th{padding:.35rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
.plain td.n,.plain th.n{text-align:right;font-variant-numeric:tabular-nums}
.map{border-collapse:separate;border-spacing:2px}
.map th{font-weight:400;text-align:right;padding-right:.5rem;white-space:nowrap;width:1%}
.map td{height:16px;border-radius:2px}
.map td.count{background:none;color:var(--soft);white-space:nowrap;padding-left:.5rem;width:1%;font-size:.85rem}
svg{width:100%;height:auto}.grid{stroke:var(--line)}.axis{font-size:11px;fill:var(--soft)}
.raw{fill:none;stroke:#b9c2d0}.mean{fill:none;stroke:var(--cool);stroke-width:2}.held{fill:var(--hot)}
.legend{color:var(--soft);font-size:.85rem}
.legend i{display:inline-block;width:12px;height:12px;border-radius:2px;margin:0 .35rem 0 .8rem;vertical-align:-1px}
.k-raw{background:#b9c2d0}.k-mean{background:var(--cool)}.k-held{background:var(--hot);border-radius:50%!important}
.gain{color:#237a3b}
</style></head><body><h1>)" +
      escaped(title) + "</h1><p class=\"sub\">" + escaped(model) + " · " + escaped(method) +
      (machine.empty() ? "" : " · " + escaped(machine)) + (kernels.empty() ? "" : " · " + escaped(kernels)) + "</p>";
  if (before && after) {
    out +=
        "<h2>Held-out examples, before and after</h2><table class=\"plain\"><tr><th></th><th "
        "class=\"n\">before</th><th class=\"n\">after</th><th class=\"n\">change</th></tr>";
    each_change([&out](const char* name, double b, double a) {
      out += std::string("<tr><td>") + name + "</td><td class=\"n\">" + number(b, "%.4f") + "</td><td class=\"n\">" +
             number(a, "%.4f") + "</td><td class=\"n\">" + number(a - b, "%+.4f") + "</td></tr>";
    });
    out += "</table>";
  }
  out += "<h2>Loss</h2>" + loss_curve(history) + "<h2>What was trained</h2>" + site_table(sites);
  if (learning_rate) out += "<p class=\"legend\">learning rate " + noted(*learning_rate) + "</p>";
  out += "<h2>What it cost</h2><table class=\"plain\">";
  const auto row = [&out](const char* name, const std::string& value) {
    out += std::string("<tr><td>") + name + "</td><td class=\"n\">" + value + "</td></tr>";
  };
  row("trained parameters",
      std::to_string(trainable) + " of " + std::to_string(parameters) + " (" +
          number(100.0 * static_cast<double>(trainable) / static_cast<double>(parameters), "%.3f %%") + ")");
  if (adapter_bytes && base_bytes)
    row("adapter on disk", megabytes(*adapter_bytes) + " beside a base of " + megabytes(*base_bytes));
  if (plan) row("memory planned for one pass", megabytes(plan->total()));
  if (measured_bytes)
    row("memory measured: weights, gradients, optimizer, values, adjoints", megabytes(*measured_bytes));
  if (peak_resident_bytes) row("peak resident size of the process while training", megabytes(*peak_resident_bytes));
  if (plan) {
    row("frozen weights", megabytes(plan->frozen));
    row("trained weights, gradients, optimizer state",
        megabytes(plan->trainable) + ", " + megabytes(plan->gradients) + ", " + megabytes(plan->optimizer));
    row("activations and adjoints", megabytes(plan->values) + ", " + megabytes(plan->adjoints));
  }
  const std::string since =
      history.resumed_at == 0 ? "" : ", since it was resumed at step " + std::to_string(history.resumed_at);
  if (const auto speed = tokens_per_second()) row("speed of training", number(*speed, "%.0f tokens/s") + since);
  if (load_seconds) row("time of loading", number(*load_seconds, "%.1f s"));
  if (train_seconds) row("time of training", number(*train_seconds, "%.1f s") + since);
  if (total_seconds) row("time of everything", number(*total_seconds, "%.1f s") + since);
  out += "</table>";
  if (!profile.empty())
    out += "<h2>Where the time of training steps went</h2>" + flame_picture(flame_of(profile, history.seconds));
  if (!samples.empty()) {
    out +=
        "<h2>Samples</h2><table class=\"plain\"><tr><th>prompt</th><th>wanted</th><th>before</th><th>after</th></tr>";
    for (const auto& s : samples)
      out += "<tr><td>" + escaped(s.prompt) + "</td><td>" + escaped(s.wanted) + "</td><td>" + escaped(s.before) +
             "</td><td>" + escaped(s.after) + "</td></tr>";
    out += "</table>";
  }
  return out + "</body></html>\n";
}

}  // namespace graft
