//! Texts of the frame and of components that every page uses.

use crate::i18n::texts;

texts! {
    PRODUCT: "Jobwright" | "Jobwright";
    TAGLINE: "A console for Kubernetes Jobs" | "Kubernetes 任务控制台";
    SKIP_TO_CONTENT: "Skip to content" | "跳到正文";
    WORKLOADS: "Workloads" | "工作负载";
    JOBS: "Jobs" | "任务";
    JOB: "Job" | "任务";
    PROJECT: "Project" | "项目";
    PROJECT_MISSING: "This cluster has no project “{name}”. Choose another one above." | "该集群中没有项目“{name}”，请在上方选择其他项目。";
    PROJECTS: "Projects" | "项目";
    CLUSTER: "Cluster" | "集群";
    CREATE: "Create" | "创建";
    CANCEL: "Cancel" | "取消";
    SAVE: "Save" | "保存";
    CLOSE: "Close" | "关闭";
    DELETE: "Delete" | "删除";
    RERUN: "Rerun" | "重新运行";
    SUSPEND: "Suspend" | "暂停";
    RESUME: "Resume" | "恢复";
    CLONE: "Clone and change" | "复制并修改";
    REFRESH: "Refresh" | "刷新";
    RETRY: "Try again" | "重试";
    MORE: "More actions" | "更多操作";
    NAME: "Name" | "名称";
    ALIAS: "Alias" | "别名";
    DESCRIPTION: "Description" | "描述信息";
    STATUS: "Status" | "状态";
    LABELS: "Labels" | "标签";
    LOADING: "Loading…" | "加载中…";
    NONE: "None" | "无";
    UNLIMITED: "∞" | "∞";
    COPY: "Copy" | "复制";
    COPIED: "Copied" | "已复制";
    SWITCH_LANGUAGE: "切换到中文" | "Switch to English";
    LANGUAGE_OTHER: "中文" | "English";
    THEME: "Theme" | "主题";
    THEME_DARK: "Dark" | "深色";
    THEME_LIGHT: "Light" | "浅色";
    SIGN_OUT: "Sign out" | "退出登录";
    ACCOUNT: "Account" | "账户";
    PLAYGROUND: "Playground" | "试验场";
    PLAYGROUND_NOTE: "This is the embedded playground, not a real cluster: commands really run, sandboxed on this machine, and images are not pulled: every container sees this machine's programs." | "这是内置试验场，不是真实集群：命令会在本机沙箱中真正执行，但不会拉取镜像，每个容器使用的都是本机的程序。";
    CLUSTER_DOWN: "The cluster cannot be reached" | "无法连接集群";
    NOT_FOUND_TITLE: "There is nothing here" | "这里什么也没有";
    NOT_FOUND_TEXT: "The address may be mistyped, or what was here has been deleted." | "地址可能有误，或者这里的内容已被删除。";
    BACK_TO_JOBS: "Back to the Jobs" | "返回任务列表";
    JUST_NOW: "just now" | "刚刚";
    SECONDS_AGO: "{n} s ago" | "{n} 秒前";
    MINUTES_AGO: "{n} min ago" | "{n} 分钟前";
    HOURS_AGO: "{n} h ago" | "{n} 小时前";
    DAYS_AGO: "{n} d ago" | "{n} 天前";
    STALE_SINCE: "Live updates paused since {time}. Reconnecting…" | "自 {time} 起未更新：与集群的连接已断开，正在重试";
    NEEDS_JAVASCRIPT: "JavaScript is off: lists and pages can be read, but creating, following and live updates need it." | "JavaScript 已关闭：可以浏览列表和页面，但创建、跟随日志和实时更新需要启用它。";
}
