using Amalgam.Core.Allocation.Placement;
using Amalgam.Simulation.Packing;
using Xunit;

namespace Core.Tests.Simulation;

public sealed class MovingTasks
{
    private static readonly PlacementRequest One = new(1000, 1000, 1000);
    private static readonly PlacementRequest Two = new(2000, 1000, 1000);

    private static (PackingCluster Cluster, AmalgamPacking Policy) WithAHoleOnEachNode(bool moves)
    {
        var cluster = new PackingCluster([new NodeShape(0, 2, 16_000, 16_000), new NodeShape(0, 2, 16_000, 16_000)]);
        var mix = new RequestMix();
        mix.Ask(One);
        mix.Ask(Two);
        var policy = new AmalgamPacking(cluster, mix, moves);
        var places = Enumerable.Range(0, 4).Select(_ =>
        {
            var place = policy.Place(One)!.Value;
            cluster.Take(place, One);
            return place;
        }).ToList();
        foreach (var node in new[] { 0, 1 })
        {
            var gone = places.First(p => p.Node == node);
            cluster.Return(gone, One);
            policy.Returned(gone, One);
        }
        return (cluster, policy);
    }

    [Fact]
    public void One_move_makes_the_room_that_two_half_empty_nodes_have_together()
    {
        var (cluster, policy) = WithAHoleOnEachNode(moves: true);
        var place = policy.Place(Two)!.Value;
        cluster.Take(place, Two);
        Assert.Equal(1, cluster.Moves);
        Assert.Equal(0, cluster.Idle(0).ToArray().Sum() + cluster.Idle(1).ToArray().Sum());
    }

    [Fact]
    public void Without_leave_to_move_the_task_is_refused()
    {
        var (cluster, policy) = WithAHoleOnEachNode(moves: false);
        Assert.Null(policy.Place(Two));
        Assert.Equal(0, cluster.Moves);
    }
}
