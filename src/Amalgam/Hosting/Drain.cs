using Amalgam.ControlPlane.Loops;
using Amalgam.ControlPlane.State;
using Amalgam.Core.Journal;
using Amalgam.Core.Workloads;
using Amalgam.Gateway.Forwarding;

namespace Amalgam.Hosting;

/// <summary>Ctrl-C: no new requests, those in flight finish, all members end with their grace (where no other control plane takes them over), the last charges are written. Nothing is lost: the next start carries on.</summary>
internal sealed class Drain(Cloud cloud, PlanLoop plan, IEnumerable<EngineLoop> engines, ReplicaRouter router, GatewayDrain gateway, TimeProvider time)
{
    private static readonly Actor Me = Actor.Loop("up");
    private static readonly TimeSpan RequestGrace = TimeSpan.FromSeconds(30);

    /// <summary>False when the journal failed: then nothing can be recorded any more, so members are left to the next start, which reads what is on disk.</summary>
    public async Task<bool> RunAsync(Action<string> tell, Func<bool> hasStandby, CancellationToken hurry)
    {
        plan.Paused = true;
        router.Close();
        if (gateway.InFlight > 0)
        {
            tell($"waiting for {gateway.InFlight} requests in flight");
        }

        await gateway.StopAsync(RequestGrace, time).WaitAsync(hurry);
        if (cloud.Defect is { } failed)
        {
            tell(failed);
            return false;
        }

        if (hasStandby())
        {
            tell("another control plane stands by: members run on under it");
            return true;
        }

        var ending = await cloud.ChangeAsync<int>(Me, (state, _) =>
        {
            List<JournalEvent> all = [.. state.OpenLeases.Where(lease => lease.EndingMs is null).Select(lease => new LeaseEnding(lease.Id, LeaseEnd.CloudStopped, null))];
            return Decide.Yes(all.Count, all);
        });
        if (ending.Value > 0)
        {
            tell($"stopping {ending.Value} members (again Ctrl-C leaves them running; the next start finds them)");
        }

        while (cloud.Defect is null && cloud.Read(state => state.OpenLeases.Any()))
        {
            foreach (var engine in engines)
            {
                engine.Signal();
            }

            await Task.Delay(50, hurry);
        }

        if (cloud.Defect is { } defect)
        {
            tell(defect);
            return false;
        }

        await cloud.ChangeAsync(Me, (_, _) => Decide.Yes(true, new CloudStopped("asked to")));
        return true;
    }
}
