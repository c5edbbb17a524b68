using Amalgam.Contracts;
using Amalgam.Pages.Frame;
using Amalgam.Pages.Sessions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Amalgam.Pages;

/// <summary>How a host takes the console in: `services.AddConsole(options)`, `app.MapConsole()`. It needs nothing else of the host: its door is /api/v1.</summary>
public static class ConsoleHost
{
    public static void AddConsole(this IServiceCollection services, ConsoleOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton<CloudConnection>().AddSingleton<SessionCookie>().AddSingleton<FormSeal>().AddSingleton<Painter>();
        services.AddRazorComponents();
        services.AddDataProtection().SetApplicationName("amalgam").PersistKeysToFileSystem(new DirectoryInfo(options.KeyFolder));
        // It warns that the keys lie in a file. They do: in a folder that only the owner of the cloud can read, as the journal does.
        services.AddLogging(logging => logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error));
    }

    public static void MapConsole(this IEndpointRouteBuilder routes)
    {
        foreach (var asset in new[] { AssetFile.Style, AssetFile.Script, AssetFile.Icon })
        {
            routes.MapGet(asset.Path, asset.SendAsync).ExcludeFromDescription();
        }

        var open = routes.MapGroup("").ExcludeFromDescription().AddEndpointFilter(DoorFilter.OpenAsync);
        SignInPages.Map(open);
        var pages = routes.MapGroup("").ExcludeFromDescription().AddEndpointFilter(DoorFilter.SignedInAsync);
        SignInPages.MapSignOut(pages);
        Overview.OverviewPages.Map(pages);
        Models.ModelPages.Map(pages);
        Jobs.JobPages.Map(pages);
        Organisation.UnitPages.Map(pages);
        Chips.ChipPages.Map(pages);
        Bills.BillPages.Map(pages);
        Prices.PricePages.Map(pages);
        Health.HealthPages.Map(pages);
        routes.MapFallback((HttpContext context, Painter painter, FormSeal seal, ConsoleOptions options) =>
        {
            DoorFilter.Guard(context);
            var look = DoorFilter.LookOf(context, null, seal.For(FormSeal.Nobody), options, "");
            return painter.PageAsync(look, Sight.Of<NoticeView>(look.T("There is no such page"), ("Problem", look.T("Nothing is at this address: choose a page from the menu, or go to the overview."))) with { Status = 404 });
        }).ExcludeFromDescription();
    }
}
