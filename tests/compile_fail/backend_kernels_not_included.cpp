// expect: graft: the kernels of this backend are not included
#if defined(MISTAKE)
#else
#include <graft/backend/reference.hpp>
#endif
#include <graft/autodiff/tape.hpp>

using Step = graft::Workspace<graft::reference>;
constexpr auto size = sizeof(Step);
