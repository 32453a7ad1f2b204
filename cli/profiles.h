#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/new_toxic.h"

namespace faultline {

/// A named set of toxics: one known kind of network or trouble.
struct Profile {
  std::string name;
  std::string summary;             ///< One sentence: what it is like.
  std::string source;              ///< Where its figures come from, and which are assumptions.
  std::vector<NewToxic> toxics{};  ///< Named NAME_1, NAME_2...
};

/// In the order people should read them: wide-area networks, then data centres.
const std::vector<Profile>& profiles();

std::vector<std::string> profile_names();

/// The profile `name`. The error (kInvalid) says which is meant, or which there are.
Result<const Profile*> profile_named(const std::string& name);

}  // namespace faultline
