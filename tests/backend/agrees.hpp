#pragma once

#include <graft/backend/check_backend.hpp>

#include <boost/test/unit_test.hpp>

/// What the judge found of a backend is within what its types allow.
inline void agrees(const std::vector<graft::BackendCheck>& results, const char* backend) {
  BOOST_TEST(!results.empty());
  for (const auto& [kernel, difference] : results) {
    // Bytes of activations, and sums of them, have an error of their own.
    const double allowed = kernel.find("Int8") != std::string::npos   ? 3e-2
                           : kernel.find("Bf16") != std::string::npos ? 2.4e-2
                                                                      : 1e-5;
    BOOST_TEST(difference < allowed, backend << ": " << kernel << " differs by " << difference);
  }
}
