/* peers.c - doubles of the CUDA runtime: which GPU may reach which other's memory. */
#include "streams.h"

static bool can_reach(int gpu, int peer)
{
	return gpu != peer && scenario()->gpus[gpu].peers >> peer & 1;
}

cudaError_t cudaDeviceCanAccessPeer(int *can, int device, int peer_device)
{
	uint64_t now = sim_enter();
	int gpu, peer;
	cudaError_t rc = sim_device(device, &gpu);

	if (rc == cudaSuccess)
		rc = sim_device(peer_device, &peer);
	*can = rc == cudaSuccess && can_reach(gpu, peer);
	sim_leave(now);
	return sim_give(rc);
}

/* The current device's access to a peer's memory, which is to be `on` and must not be yet. */
static cudaError_t set_access(int peer_device, bool on, cudaError_t already)
{
	uint64_t now = sim_enter();
	int gpu = sim_current(), peer;
	cudaError_t rc = gpu < 0 ? cudaErrorInvalidDevice : sim_device(peer_device, &peer);

	if (rc == cudaSuccess)
		rc = sim_reach(gpu);
	if (rc == cudaSuccess && on && !can_reach(gpu, peer))
		rc = cudaErrorPeerAccessUnsupported;
	if (rc == cudaSuccess && (sim_used(gpu)->peers >> peer & 1) == on)
		rc = already;
	if (rc == cudaSuccess)
		sim_used(gpu)->peers ^= (uint64_t)1 << peer;
	sim_leave(now);
	return sim_give(rc);
}

cudaError_t cudaDeviceEnablePeerAccess(int peer_device, unsigned flags)
{
	return flags ? sim_give(cudaErrorInvalidValue)
		     : set_access(peer_device, true, cudaErrorPeerAccessAlreadyEnabled);
}

cudaError_t cudaDeviceDisablePeerAccess(int peer_device)
{
	return set_access(peer_device, false, cudaErrorPeerAccessNotEnabled);
}
