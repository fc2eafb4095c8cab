/// \file
/// Where the time of training steps went, as a picture: the whole, below it the directions, below them ops, below them
/// sizes; the wider, the longer.
#pragma once

#include <graft/autodiff/profile.hpp>

#include <algorithm>
#include <cstdio>
#include <string>

namespace graft::report {

/// One bar and those below it.
struct FlameBar {
  std::string name;
  double seconds = 0, flops = 0;
  std::vector<FlameBar> parts{};

  FlameBar& part(const std::string& wanted) {
    for (auto& p : parts)
      if (p.name == wanted) return p;
    return parts.emplace_back(FlameBar{.name = wanted});
  }
  void add(double time, double operations) {
    seconds += time;
    flops += operations;
  }
};

/// `step_seconds`: of all steps that were profiled; what no kernel took is packing, the optimizer, clearing gradients.
inline FlameBar flame_of(const std::vector<Profile::Entry>& entries, double step_seconds) {
  FlameBar whole{.name = "training steps"};
  for (const auto& e : entries) {
    const auto flops = static_cast<double>(e.flops);
    auto& direction = whole.part(e.backward ? "backward" : "forward");
    auto& op = direction.part(std::string(e.op));
    for (FlameBar* bar : {&whole, &direction, &op}) bar->add(e.seconds, flops);
    if (e.k != 0) op.part("to " + std::to_string(e.n) + " over " + std::to_string(e.k)).add(e.seconds, flops);
  }
  const double rest = std::max(0.0, step_seconds - whole.seconds);
  whole.part("optimizer and packing").add(rest, 0);
  whole.seconds += rest;
  return whole;
}

inline void draw_flame(std::string& svg, FlameBar bar, double whole, double x, int level) {
  const double width = 720 * bar.seconds / whole;
  if (width < 0.5) return;
  char text[512];
  std::snprintf(text, sizeof text,
                "<g><title>%s: %.2f s, %.1f %%%s</title><rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"21\" "
                "rx=\"2\" fill=\"rgb(250,%d,%d)\"/>",
                bar.name.c_str(), bar.seconds, 100 * bar.seconds / whole,
                bar.flops > 0
                    ? (", " + std::to_string(static_cast<long>(bar.flops / bar.seconds / 1e9)) + " GFLOP/s").c_str()
                    : "",
                x, 24 * level, std::max(width - 1, 0.5),
                150 + 18 * level + static_cast<int>(std::hash<std::string>{}(bar.name) % 40), 70 + 28 * level);
  svg += text;
  if (const auto letters = static_cast<std::size_t>(width / 7); letters > 3)
    svg += "<text x=\"" + std::to_string(x + 5) + "\" y=\"" + std::to_string(24 * level + 15) + "\" font-size=\"12\">" +
           bar.name.substr(0, letters) + "</text>";
  svg += "</g>";
  std::sort(bar.parts.begin(), bar.parts.end(),
            [](const FlameBar& a, const FlameBar& b) { return a.seconds > b.seconds; });
  for (const auto& part : bar.parts) {
    draw_flame(svg, part, whole, x, level + 1);
    x += 720 * part.seconds / whole;
  }
}

/// The picture, as SVG; a bar says its figures when the mouse rests on it.
inline std::string flame_picture(const FlameBar& whole) {
  if (!(whole.seconds > 0)) return "";
  std::string svg = "<svg viewBox=\"0 0 720 96\" role=\"img\" aria-label=\"where the time went\">";
  draw_flame(svg, whole, whole.seconds, 0, 0);
  return svg + "</svg>";
}

}  // namespace graft::report
