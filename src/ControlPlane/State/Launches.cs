using System.Security.Cryptography;
using System.Text;
using Amalgam.ControlPlane.Ports;
using Amalgam.Core;
using Amalgam.Core.Workloads;

namespace Amalgam.ControlPlane.State;

/// <summary>How the member of a lease is started, and the key that its replica asks for.</summary>
public sealed class Launches(Cloud cloud, Pool pool, ICatalogue catalogue, IModels models, ReplicaKeys keys)
{
    public Outcome<MemberLaunch> For(Lease lease)
    {
        if (cloud.Read(state => state.Workload(lease.WorkloadId)) is not { } workload)
        {
            return new Refusal(RefusalCodes.NotFound, $"workload {lease.WorkloadId} is not known any more");
        }

        return pool.Node(lease.Node) is { } node
            ? catalogue.Launch(workload, lease, node, keys.For(lease.Id))
            : new Refusal(RefusalCodes.Unavailable, $"node {lease.Node} is gone");
    }

    /// <summary>Runtime facts of a replica's lease; null for jobs and where nothing fits any more.</summary>
    public RuntimeFit? Fit(Workload workload, Lease lease) =>
        workload.Spec.Service is { } service && models.Resolve(service.Model).Value is { } model
            ? catalogue.Fit(model, lease.ChipClass, service, lease.Devices.Length, 0)
            : null;
}

/// <summary>A bearer key per lease, derived from a secret of the data directory, so that a restarted control plane can still talk to the replicas it finds.</summary>
public sealed class ReplicaKeys(byte[] secret)
{
    public string For(string leaseId) => Convert.ToHexStringLower(HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(leaseId)));
}
