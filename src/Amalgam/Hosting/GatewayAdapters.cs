using Amalgam.ControlPlane.State;
using Amalgam.Core.Access;
using Amalgam.Core.Workloads;
using Amalgam.Gateway.Ports;

namespace Amalgam.Hosting;

/// <summary>The cloud as the gateway asks it: keys.</summary>
internal sealed class GatewayCallers(Callers callers) : ICallers
{
    public Caller? Find(string presentedKey) => callers.Find(presentedKey);
}

/// <summary>The cloud as the gateway asks it: models and replicas.</summary>
internal sealed class GatewayReplicas(Cloud cloud, Pool pool, ReplicaRouter router, Launches launches, ReplicaKeys keys, AdmissionDoor door) : IReplicas
{
    public IReadOnlyList<ServedModel> Visible(Caller caller) => cloud.Read(state => ReplicaRouter.Visible(state, caller).Select(Served).ToList());

    public ServedModel? Find(Caller caller, string model) => cloud.Read(state => ReplicaRouter.Find(state, caller, model)) is { } workload ? Served(workload) : null;

    public async ValueTask<ReplicaAnswer> AcquireAsync(Caller caller, string model, IReadOnlyCollection<string> avoid, TimeSpan patience, CancellationToken cancel)
    {
        if (router.Closed)
        {
            return new(null, ReplicaRefusal.Stopping, "the cloud is stopping");
        }

        if (cloud.Read(state => ReplicaRouter.Find(state, caller, model)) is not { } workload)
        {
            return new(null, ReplicaRefusal.ModelNotFound, null);
        }

        if (router.Load(workload.Id).Waiting >= ReplicaRouter.MaxWaiting)
        {
            return new(null, ReplicaRefusal.QueueFull, $"{ReplicaRouter.MaxWaiting} requests wait for {model} already");
        }

        var lease = await router.EnterAsync(workload, avoid, patience, cancel, door.Open(caller, workload));
        return lease is null ? new(null, router.Closed ? ReplicaRefusal.Stopping : ReplicaRefusal.NotReady, WhyNot(workload)) : new(Ticket(workload, lease), ReplicaRefusal.None, null);
    }

    public void ReportFailure(string leaseId, string reason) => router.Distrust(leaseId, reason);

    private ReplicaTicket Ticket(Workload workload, Lease lease)
    {
        var facts = launches.Fit(workload, lease)?.Facts;
        return new ReplicaTicket(
            lease.Id, pool.Sight(lease.Id).Observation?.Address ?? "http://127.0.0.1:9", keys.For(lease.Id), facts?.UpstreamModel ?? workload.Spec.Name, workload.Id, workload.Spec.Name,
            lease.ChipClass, lease.Node, facts?.Progress ?? false, () => router.Leave(workload.Id, lease.Id));
    }

    private string WhyNot(Workload workload)
    {
        var pending = cloud.Read(_ => pool.Pending(workload.Id));
        var trouble = cloud.Read(state => state.OpenLeasesOf(workload.Id).Select(lease => pool.Sight(lease.Id).Trouble).FirstOrDefault(text => text is not null));
        return pending?.Detail ?? trouble ?? workload.Detail ?? "its replicas are starting or busy";
    }

    private static ServedModel Served(Workload workload) =>
        new(workload.Spec.Name, workload.Id, workload.Spec.Unit, workload.SubmittedMs / 1000, workload.Spec.Service!.Context);
}
