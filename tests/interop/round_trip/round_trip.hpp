// An adapter is read into a model and written to another folder.
#pragma once

#include <graft/backend/reference.hpp>
#include <graft/checkpoints.hpp>
#include <graft/models.hpp>
#include <graft/peft.hpp>

#include <cstdio>

template <class Model>
void round_trip(const std::filesystem::path& base, const std::filesystem::path& from, const std::filesystem::path& to) {
  try {
    auto model = graft::load<Model>(base, 0, {.resized_vocabulary = true});
    graft::load_adapter(model, from);
    graft::save_adapter(model, to, base.string());
  } catch (const std::exception& error) {
    std::filesystem::create_directories(to);
    graft::write_file(to / "error.txt", error.what());
  }
}
