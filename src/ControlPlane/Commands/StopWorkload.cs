using Amalgam.ControlPlane.State;
using Amalgam.Core;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Workloads;

namespace Amalgam.ControlPlane.Commands;

/// <summary>`stop`: a developer stops what he submitted, an operator anything in the subtree.</summary>
public static class StopWorkload
{
    public static Decision<string> Decide(CloudState state, Caller caller, string idOrName)
    {
        if (Workloads.Visible(state, caller, idOrName) is not { } workload)
        {
            return Workloads.NotFound(idOrName);
        }

        if (Permission.Check(state, caller, workload.SubmittedBy == caller.KeyId ? Role.Developer : Role.Operator, workload.Spec.Unit) is { } refusal)
        {
            return refusal;
        }

        if (!workload.IsOpen)
        {
            return new Refusal(RefusalCodes.Conflict, $"{workload.Spec.Name} ({workload.Id}) has ended already: {workload.Detail}");
        }

        if (workload.StopRequested)
        {
            return State.Decide.Yes(workload.Id);
        }

        List<JournalEvent> events = [new WorkloadStopRequested(workload.Id), .. LeaseRules.Ending(state, workload.Id, LeaseEnd.Stopped)];
        if (!state.OpenLeasesOf(workload.Id).Any())
        {
            events.Add(new WorkloadEnded(workload.Id, WorkloadResult.Stopped, null, "stopped before it started"));
        }

        return State.Decide.Yes(workload.Id, events);
    }
}

/// <summary>Looking workloads up as a caller may see them.</summary>
public static class Workloads
{
    public static Workload? Visible(CloudState state, Caller caller, string idOrName)
    {
        var byId = state.Workload(idOrName);
        if (byId is not null)
        {
            return Permission.Sees(state, caller, byId.Spec.Unit) ? byId : null;
        }

        var named = state.Workloads.Where(workload => workload.Spec.Name == idOrName && Permission.Sees(state, caller, workload.Spec.Unit)).ToList();
        return named.LastOrDefault(workload => workload.IsOpen) ?? named.LastOrDefault();
    }

    public static Refusal NotFound(string idOrName) =>
        new(RefusalCodes.NotFound, $"there is no workload '{Names.Clip(idOrName)}': `amalgam ps` lists them");
}
