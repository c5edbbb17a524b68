namespace Amalgam.Core.Allocation.Targets;

/// <summary>
/// Weak duality makes any prices p >= 0 and values m > 0 an upper bound on the objective:
/// sum_k p_k K_k + sum_r d_r max(0, max_c m s_rc - p_c) + sum_i [w ln(w/m) - w - m D]. It is computed from the point alone and shares
/// no code with the solver, so it also catches a solver that went wrong.
/// </summary>
internal static class Certificate
{
    /// <returns>Primal and dual value of the programme; the primal is minus infinity where some unit is not above D.</returns>
    public static (double Primal, double Dual) Of(NashProgramme programme, NashPoint point)
    {
        var devices = Feasible(programme, point.Devices);
        double primal = 0, dual = 0;
        for (var k = 0; k < programme.Capacity.Count; k++)
        {
            dual += point.Prices[k] * programme.Capacity[k];
        }
        for (var i = 0; i < programme.Units; i++)
        {
            var (weight, value) = (programme.Weight[i], point.Value[i]);
            dual += Rents(programme, point, i) - value * programme.Alone[i];
            if (weight > 0)
            {
                var gain = programme.Work(i, devices) - programme.Alone[i];
                primal += gain > 0 ? weight * Math.Log(gain) : double.NegativeInfinity;
                dual += weight * Math.Log(weight / value) - weight;
            }
        }
        return (primal, dual);
    }

    public static double Gap(double primal, double dual, double weights) =>
        weights <= 0 ? 0 : Math.Clamp(1 - Math.Exp(-(dual - primal) / weights), 0, 1);

    private static double Rents(NashProgramme programme, NashPoint point, int unit)
    {
        double rents = 0;
        for (var r = programme.FirstRow[unit]; r < programme.FirstRow[unit + 1]; r++)
        {
            double best = 0;
            for (var c = 0; c < programme.Classes; c++)
            {
                var speed = programme.Speed[r * programme.Classes + c];
                if (speed > 0)
                {
                    best = Math.Max(best, point.Value[unit] * speed - programme.PriceFor(unit, c, point.Prices));
                }
            }
            rents += programme.Demand[r] * best;
        }
        return rents;
    }

    // Scaled down by the largest violation of a demand, a class or a limit.
    private static double[] Feasible(NashProgramme programme, double[] devices)
    {
        double worst = 1;
        var used = new double[programme.Capacity.Count];
        for (var i = 0; i < programme.Units; i++)
        {
            for (var r = programme.FirstRow[i]; r < programme.FirstRow[i + 1]; r++)
            {
                double asked = 0;
                for (var c = 0; c < programme.Classes; c++)
                {
                    var amount = devices[r * programme.Classes + c];
                    asked += amount;
                    used[c] += amount;
                    foreach (var bound in programme.Bounds[i])
                    {
                        used[bound.Resource] += bound.Class == c ? bound.Sign * amount : 0;
                    }
                }
                worst = Math.Max(worst, asked / programme.Demand[r]);
            }
        }
        for (var k = 0; k < used.Length; k++)
        {
            worst = programme.Capacity[k] > 0 ? Math.Max(worst, used[k] / programme.Capacity[k]) : worst;
        }
        return worst > 1 ? Array.ConvertAll(devices, d => d / worst) : devices;
    }
}
